// CodeModules: the kernel's module.
#include "conformance/code_modules.hpp"

namespace conformance {
namespace {

TEST_F(CodeModules, TheVdsoIsSystem) {
  const void* symbol = nullptr;
  for (const char* name : {"__vdso_clock_gettime", "__kernel_clock_gettime"}) {
    if (symbol == nullptr) symbol = vdso->symbol(name);
  }
  if (symbol == nullptr) GTEST_SKIP() << "this machine has no vDSO";
  EXPECT_EQ(at(symbol).kind, static_cast<uint32_t>(HEDDLE_CODE_SYSTEM));
}

}  // namespace
}  // namespace conformance
