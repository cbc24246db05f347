/* What the test vDSO needs to know of this processor: its name for the clock, and a system call without the C library. */
#define TEST_VDSO_CLOCK __vdso_clock_gettime
#define TEST_VDSO_TGKILL 234

static inline long system_call3(long number, long a, long b, long c) {
  long result = number;
  __asm__ volatile("syscall" : "+a"(result) : "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}
