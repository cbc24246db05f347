// CodeModules on Linux: the kernel's module, and what is loaded and unloaded while the program runs.
#include "conformance/code_modules.hpp"

#include <dlfcn.h>

namespace conformance {
namespace {

// The clock of a vDSO, which processors call by one name or another.
template <typename Find>
const void* clock_of(Find find) {
  for (const char* name : {"__vdso_clock_gettime", "__kernel_clock_gettime", "__vdso_clock_gettime64"})
    if (const void* symbol = find(name)) return symbol;
  return nullptr;
}

TEST_F(CodeModules, TheVdsoIsSystem) {
  const void* symbol = clock_of([this](const char* name) { return vdso->symbol(name); });
  if (symbol == nullptr) GTEST_SKIP() << "this machine has no vDSO";
  EXPECT_EQ(at(symbol).kind, static_cast<uint32_t>(HEDDLE_CODE_SYSTEM));
}

TEST_F(CodeModules, ALibraryIsListedWhileItIsLoaded) {
  const uint64_t before = generation();
  ASSERT_NE(before, 0u);
  void* library = dlopen(TEST_VDSO_SYSV, RTLD_NOW);
  ASSERT_NE(library, nullptr) << dlerror();
  const auto inside = reinterpret_cast<uintptr_t>(clock_of([=](const char* name) { return dlsym(library, name); }));
  const uint64_t loaded = generation();
  EXPECT_NE(loaded, before);
  EXPECT_TRUE(lists(inside));
  dlclose(library);
  EXPECT_NE(generation(), loaded);
  EXPECT_FALSE(lists(inside));
}

}  // namespace
}  // namespace conformance
