/* What the test vDSO needs to know of this processor: its name for the clock, and a system call without the C library. */
#define TEST_VDSO_CLOCK __kernel_clock_gettime
#define TEST_VDSO_TGKILL 131

static inline long system_call3(long number, long a, long b, long c) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
}
