// CodeModules on Windows: what is loaded and unloaded while the program runs.
#include "conformance/code_modules.hpp"

#include <windows.h>

namespace conformance {
namespace {

TEST_F(CodeModules, ALibraryIsListedWhileItIsLoaded) {
  const auto lists = [this](uintptr_t address) {
    all.clear();
    Conformance::TearDown();
    CodeModules::SetUp();
    for (const Module& module : all) {
      if (address >= module.lo && address < module.hi) return true;
    }
    return false;
  };
  ASSERT_EQ(GetModuleHandleA("wininet.dll"), nullptr);
  const HMODULE library = LoadLibraryA("wininet.dll");
  ASSERT_NE(library, nullptr);
  const auto inside = reinterpret_cast<uintptr_t>(GetProcAddress(library, "InternetOpenA"));
  EXPECT_TRUE(lists(inside));
  FreeLibrary(library);
  EXPECT_FALSE(lists(inside));
}

}  // namespace
}  // namespace conformance
