// What the tests of CodeModules share: everything that is loaded, listed once.
#pragma once

#include <string>
#include <vector>

#include "fixture.hpp"

namespace conformance {

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

}  // namespace conformance
