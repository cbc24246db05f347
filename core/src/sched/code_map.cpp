#include "sched/code_map.hpp"

#include "sched/code_rules.hpp"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <string_view>
#include <utility>

namespace heddle::sched {

namespace {

/// For ports whose table has no `matches`.
bool is_file_of(std::string_view path, std::string_view name) {
  return path.substr(path.find_last_of("/\\") + 1) == name;
}

/// Does the port's table reach as far as the slot that ends at `end`?
bool reaches(const HeddleCodeModules* modules, std::size_t end) {
  return modules && modules->struct_size >= end;
}

}  // namespace

CodeMap::CodeMap(const HeddleCodeModules* modules, const Config::Preempter& policy, const std::vector<const void*>& own_code)
    : modules_(modules), resume_(policy.resume), own_code_(own_code) {
  for (const std::string& name : policy.allow) policy_.push_back({true, CodeRegion::module(name)});
  for (const std::string& name : policy.deny) policy_.push_back({false, CodeRegion::module(name)});
  refresh();
  std::lock_guard hold(CodeRules::all().lock);
  CodeRules::all().map = this;
}

CodeMap::~CodeMap() {
  std::lock_guard hold(CodeRules::all().lock);
  CodeRules::all().map = nullptr;
}

bool CodeMap::allows(std::uintptr_t pc) noexcept {
  readers_.fetch_add(1, std::memory_order_seq_cst);
  const Verdict verdict = table_.load(std::memory_order_seq_cst)->at(pc);
  readers_.fetch_sub(1, std::memory_order_release);
  if (verdict == Verdict::kUnknown) met_unknown_.store(true, std::memory_order_relaxed);
  return verdict == Verdict::kAllowed;
}

std::uint64_t CodeMap::generation() const {
  constexpr std::size_t kEnd = offsetof(HeddleCodeModules, generation) + sizeof modules_->generation;
  return reaches(modules_, kEnd) && modules_->generation ? modules_->generation() : 0;
}

void CodeMap::keep_current() {
  const std::uint64_t now = generation();
  // Without a generation, a look for each address in no module, as a just-in-time compiler's: not more than one a request.
  if (now != 0 ? now != generation_ : met_unknown_.load(std::memory_order_relaxed)) refresh();
}

void CodeMap::refresh() {
  struct Visit {
    const CodeMap& map;
    std::vector<Module> found;
  } visit{*this, {}};
  met_unknown_.store(false, std::memory_order_relaxed);
  generation_ = generation();  // before the look: what changes meanwhile is looked at again
  if (modules_) {
    modules_->enumerate(
        [](const HeddleCodeModule* module, void* argument) {
          auto& [map, found] = *static_cast<Visit*>(argument);
          found.push_back({module->lo, module->hi, map.judge(*module), module->path});
        },
        &visit);
  }
  std::lock_guard hold(CodeRules::all().lock);
  found_ = std::move(visit.found);
  follow(CodeRules::all().rules);
}

void CodeMap::follow(const CodeRules::Rules& rules) {
  std::vector<CodeSpan> spans;
  for (const Module& module : found_) spans.push_back({module.lo, module.hi, module.verdict});
  for (const CodeRule& rule : policy_) add_spans(rule, spans);
  for (const auto& [number, rule] : rules) add_spans(rule, spans);
  publish(std::make_unique<const CodeTable>(spans));
}

void CodeMap::add_spans(const CodeRule& rule, std::vector<CodeSpan>& spans) const {
  const Verdict verdict = rule.allow ? Verdict::kAllowed : Verdict::kForbidden;
  if (rule.region.end() != 0) spans.push_back({rule.region.begin(), rule.region.end(), verdict});
  for (const Module& module : found_) {
    if (covers(rule.region, module)) spans.push_back({module.lo, module.hi, verdict});
  }
}

bool CodeMap::covers(const CodeRegion& region, const Module& module) const {
  if (region.name().empty()) {
    if (region.end() != 0) return false;
    // A module may have several segments.
    return std::any_of(found_.begin(), found_.end(), [&](const Module& each) {
      return region.begin() >= each.lo && region.begin() < each.hi && each.path == module.path;
    });
  }
  constexpr std::size_t kEnd = offsetof(HeddleCodeModules, matches) + sizeof modules_->matches;
  if (reaches(modules_, kEnd) && modules_->matches)
    return modules_->matches(module.path.c_str(), region.name().c_str()) != 0;
  return is_file_of(module.path, region.name());
}

void CodeMap::publish(std::unique_ptr<const CodeTable> table) {
  if (current_ && *current_ == *table) return;
  if (current_) retired_.push_back(std::move(current_));
  current_ = std::move(table);
  table_.store(current_.get(), std::memory_order_seq_cst);
  if (readers_.load(std::memory_order_seq_cst) == 0) retired_.clear();
}

Verdict CodeMap::judge(const HeddleCodeModule& module) const {
  if (module.kind == HEDDLE_CODE_SYSTEM) return Verdict::kForbidden;
  const bool own = std::any_of(own_code_.begin(), own_code_.end(), [&](const void* code) {
    const auto at = reinterpret_cast<std::uintptr_t>(code);
    return at >= module.lo && at < module.hi;
  });
  if (own) return Verdict::kForbidden;
  return resume_ == Resume::kSameThread || module.kind == HEDDLE_CODE_PROGRAM ? Verdict::kAllowed : Verdict::kRefused;
}

}  // namespace heddle::sched
