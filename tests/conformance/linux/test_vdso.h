/* What the test vDSO does at its next call; a variable of this type, `test_vdso_script`, is in it. */
#ifndef HEDDLE_TEST_VDSO_H
#define HEDDLE_TEST_VDSO_H

#include <stdint.h>

/* The kernel's struct __kernel_timespec, the same on every machine. */
typedef struct TestVdsoTime {
  int64_t seconds;
  int64_t nanoseconds;
} TestVdsoTime;

typedef struct TestVdsoScript {
  int32_t signals; /* how many the next calls send; each is counted down before it is sent */
  int32_t signal;  /* which */
  int32_t process; /* to whom */
  int32_t thread;
  int32_t last_clock; /* the clock that was asked for last */
  TestVdsoTime now;   /* what is answered */
} TestVdsoScript;

#endif
