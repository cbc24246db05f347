// CodeModules: what is loaded, and which of it is never preempted.
#include <sys/auxv.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "fixture.hpp"

namespace conformance {
namespace {

class CodeModules : public Conformance {
 protected:
  struct Module {
    uint32_t kind;
    std::string path;
    uintptr_t lo, hi;
  };

  void SetUp() override {
    Conformance::SetUp();
    modules->enumerate(
        [](const HeddleCodeModule* module, void* argument) {
          auto& all = *static_cast<std::vector<Module>*>(argument);
          all.push_back({module->kind, module->path, module->lo, module->hi});
        },
        &all);
  }

  // The one module that holds that address.
  Module at(const void* address) {
    const auto pc = reinterpret_cast<uintptr_t>(address);
    Module found{99, "none", 0, 0};
    int count = 0;
    for (const Module& module : all) {
      if (pc < module.lo || pc >= module.hi) continue;
      found = module;
      ++count;
    }
    EXPECT_EQ(count, 1);
    return found;
  }

  std::vector<Module> all;
};

TEST_F(CodeModules, TheProgramIsTheProgram) {
  const Module program = at(reinterpret_cast<const void*>(&run_in_child));
  EXPECT_EQ(program.kind, static_cast<uint32_t>(HEDDLE_CODE_PROGRAM));
  EXPECT_NE(program.path.find("conformance"), std::string::npos) << program.path;
}

TEST_F(CodeModules, ThePortIsALibrary) {
  EXPECT_EQ(at(reinterpret_cast<const void*>(switcher->swap)).kind, static_cast<uint32_t>(HEDDLE_CODE_LIBRARY));
}

TEST_F(CodeModules, TheCAndCxxLibrariesAreSystem) {
  const auto address_of = [](auto* function) { return reinterpret_cast<const void*>(function); };
  void* (*allocate)(size_t) = std::malloc;
  void (*terminate)() = std::terminate;
  EXPECT_EQ(at(address_of(allocate)).kind, static_cast<uint32_t>(HEDDLE_CODE_SYSTEM));
  EXPECT_EQ(at(address_of(terminate)).kind, static_cast<uint32_t>(HEDDLE_CODE_SYSTEM));
}

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
