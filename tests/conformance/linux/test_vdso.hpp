// Puts a vDSO of the tests' own in the place of the kernel's: the program's getauxval answers for the C library's, so the
// port parses, calls and recognises it as it does the real one, and nothing in the port knows of the difference.
#pragma once

#include "test_vdso.h"

namespace conformance {

// The kernel's vDSO is hidden while it lives. One at a time.
class TestVdso {
 public:
  // The path of a module made of test_vdso.c.
  explicit TestVdso(const char* path);
  ~TestVdso();
  TestVdso(const TestVdso&) = delete;
  TestVdso& operator=(const TestVdso&) = delete;

  // Lets the next call send the calling thread this many signals.
  void send(int count, int signal);

  TestVdsoScript& script() { return *script_; }

 private:
  void* module_;
  TestVdsoScript* script_;
};

}  // namespace conformance
