// What the tests of CodeModules share: everything that is loaded, listed once.
#pragma once

#include <cstddef>
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
    list();
  }

  void list() {
    all.clear();
    modules->enumerate(
        [](const HeddleCodeModule* module, void* argument) {
          auto& all = *static_cast<std::vector<Module>*>(argument);
          all.push_back({module->kind, module->path, module->lo, module->hi});
        },
        &all);
  }

  // 0 when the port cannot tell.
  uint64_t generation() const {
    const bool there = modules->struct_size >= offsetof(HeddleCodeModules, generation) + sizeof modules->generation;
    return there && modules->generation != nullptr ? modules->generation() : 0;
  }
  bool has_matches() const {
    const bool there = modules->struct_size >= offsetof(HeddleCodeModules, matches) + sizeof modules->matches;
    return there && modules->matches != nullptr;
  }

  // Lists all that is loaded now; does any of it hold that address?
  bool lists(uintptr_t address) {
    list();
    for (const Module& module : all) {
      if (address >= module.lo && address < module.hi) return true;
    }
    return false;
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
