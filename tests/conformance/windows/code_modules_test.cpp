// CodeModules on Windows: what is loaded and unloaded while the program runs.
#include "conformance/code_modules.hpp"

#include <windows.h>

namespace conformance {
namespace {

TEST_F(CodeModules, ALibraryIsListedWhileItIsLoaded) {
  ASSERT_EQ(GetModuleHandleA("wininet.dll"), nullptr);
  const uint64_t before = generation();
  ASSERT_NE(before, 0u);
  const HMODULE library = LoadLibraryA("wininet.dll");
  ASSERT_NE(library, nullptr);
  const auto inside = reinterpret_cast<uintptr_t>(GetProcAddress(library, "InternetOpenA"));
  const uint64_t loaded = generation();
  EXPECT_NE(loaded, before);
  EXPECT_TRUE(lists(inside));
  FreeLibrary(library);
  EXPECT_NE(generation(), loaded);
  EXPECT_FALSE(lists(inside));
}

}  // namespace
}  // namespace conformance
