/* What the test vDSO needs to know of this processor: its name for the clock, and a system call without the C library. */
#define TEST_VDSO_CLOCK __vdso_clock_gettime64
#define TEST_VDSO_TGKILL 268

/* r7 is the frame pointer of Thumb code, which a register variable may not take. */
static inline long system_call3(long number, long a, long b, long c) {
  register long r0 __asm__("r0") = a;
  register long r1 __asm__("r1") = b;
  register long r2 __asm__("r2") = c;
  __asm__ volatile("push {r7}\n\tmov r7, %1\n\tsvc #0\n\tpop {r7}"
                   : "+r"(r0)
                   : "r"(number), "r"(r1), "r"(r2)
                   : "memory");
  return r0;
}
