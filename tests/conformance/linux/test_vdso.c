/* The test vDSO: a clock that the tests set, and that sends its own thread signals in the middle of a call. Built as a module of
 * one segment for code and tables, as the kernel's is, and shown to the port in its place (test_vdso.hpp). */
#include "test_vdso.h"
#include "system_call.h"

TestVdsoScript test_vdso_script;

int TEST_VDSO_CLOCK(int clock, TestVdsoTime* out) {
  while (test_vdso_script.signals > 0) {
    --test_vdso_script.signals;
    system_call3(TEST_VDSO_TGKILL, test_vdso_script.process, test_vdso_script.thread, test_vdso_script.signal);
  }
  test_vdso_script.last_clock = clock;
  *out = test_vdso_script.now;
  return 0;
}
