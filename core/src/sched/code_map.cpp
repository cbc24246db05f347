#include "sched/code_map.hpp"

#include <algorithm>

namespace heddle::sched {

CodeMap::CodeMap(const HeddleCodeModules* modules, Resume resume, const std::vector<const void*>& own_code)
    : modules_(modules), resume_(resume), own_code_(own_code) {
  refresh();
}

CodeMap::~CodeMap() = default;

bool CodeMap::allows(std::uintptr_t pc) noexcept {
  const Table& table = *table_.load(std::memory_order_acquire);
  auto after = std::upper_bound(table.begin(), table.end(), pc,
                                [](std::uintptr_t at, const Range& range) { return at < range.lo; });
  if (after == table.begin() || pc >= (--after)->hi) {
    stale_.store(true, std::memory_order_relaxed);
    return false;
  }
  return after->allowed;
}

void CodeMap::refresh() {
  struct Visit {
    const CodeMap& map;
    Table ranges;
  } visit{*this, {}};
  stale_.store(false, std::memory_order_relaxed);
  if (modules_) {
    modules_->enumerate(
        [](const HeddleCodeModule* module, void* argument) {
          auto& [map, ranges] = *static_cast<Visit*>(argument);
          ranges.push_back({module->lo, module->hi, map.allowed(*module)});
        },
        &visit);
  }
  std::sort(visit.ranges.begin(), visit.ranges.end(), [](const Range& a, const Range& b) { return a.lo < b.lo; });
  std::lock_guard lock(lock_);
  // The same again: the unknown code is in no module (a just-in-time compiler's), and a table for each look would add
  // up.
  if (!tables_.empty() && *tables_.back() == visit.ranges) return;
  tables_.push_back(std::make_unique<const Table>(std::move(visit.ranges)));
  table_.store(tables_.back().get(), std::memory_order_release);
}

bool CodeMap::allowed(const HeddleCodeModule& module) const {
  if (module.kind == HEDDLE_CODE_SYSTEM) return false;
  if (std::any_of(own_code_.begin(), own_code_.end(), [&](const void* code) {
        const auto at = reinterpret_cast<std::uintptr_t>(code);
        return at >= module.lo && at < module.hi;
      }))
    return false;
  return resume_ == Resume::kSameThread || module.kind == HEDDLE_CODE_PROGRAM;
}

}  // namespace heddle::sched
