#include "sched/code_rules.hpp"

#include "sched/code_map.hpp"

#include <heddle/this_fiber.hpp>

#include <stdexcept>
#include <utility>

namespace heddle {

namespace sched {

CodeRules& CodeRules::all() {
  static CodeRules& rules = *new CodeRules;  // never destroyed: a rule may be a static object
  return rules;
}

std::uint64_t CodeRules::add(CodeRule rule) {
  const this_fiber::NoPreempt guard;
  std::lock_guard hold(lock);
  const std::uint64_t number = last_number_ + 1;
  const auto added = rules.emplace(number, std::move(rule)).first;
  try {
    if (map) map->follow(rules);
  } catch (...) {
    rules.erase(added);
    throw;
  }
  return last_number_ = number;
}

void CodeRules::remove(std::uint64_t number) noexcept {
  const this_fiber::NoPreempt guard;
  std::lock_guard hold(lock);
  rules.erase(number);
  if (map) map->follow(rules);
}

}  // namespace sched

CodeRegion CodeRegion::range(const void* begin, const void* end) {
  CodeRegion region;
  region.begin_ = reinterpret_cast<std::uintptr_t>(begin);
  region.end_ = reinterpret_cast<std::uintptr_t>(end);
  if (region.begin_ >= region.end_)
    throw std::invalid_argument("heddle::CodeRegion::range: wanted a begin below its end, found " +
                                std::to_string(region.begin_) + " and " + std::to_string(region.end_));
  return region;
}

CodeRegion CodeRegion::module_of(const void* address) {
  CodeRegion region;
  region.begin_ = reinterpret_cast<std::uintptr_t>(address);
  return region;
}

CodeRegion CodeRegion::module(std::string name) {
  if (name.empty() || name.find_first_of("/\\") != std::string::npos)
    throw std::invalid_argument("heddle::CodeRegion::module: wanted the name of a file, without folders, found \"" +
                                name + "\"");
  CodeRegion region;
  region.name_ = std::move(name);
  return region;
}

PreemptionRule::PreemptionRule(PreemptionRule&& other) noexcept : number_(std::exchange(other.number_, 0)) {}

PreemptionRule& PreemptionRule::operator=(PreemptionRule&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

PreemptionRule::~PreemptionRule() {
  if (number_ != 0) sched::CodeRules::all().remove(number_);
}

PreemptionRule allow_preemption(const CodeRegion& region) {
  return PreemptionRule(sched::CodeRules::all().add({true, region}));
}

PreemptionRule deny_preemption(const CodeRegion& region) {
  return PreemptionRule(sched::CodeRules::all().add({false, region}));
}

}  // namespace heddle
