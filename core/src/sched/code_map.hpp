// CodeMap: may the code at this address be preempted? Asked by a signal handler, so the answer is in a table that never
// changes; a new one takes its place when code was loaded or unloaded, and when the program has changed its rules.
//
// What counts, the strongest last: a library under any-thread is not preempted; what the policy, runtime.json or a rule
// allows is; what these deny, the system's libraries and the runtime itself never are.
//
// An old table is freed when a new one has taken its place and no handler was reading: handlers announce themselves, and
// one that does so later finds the new table (readers_ and table_ are sequentially consistent).
#pragma once

#include "sched/code_table.hpp"

#include <heddle/port/code_modules.h>
#include <heddle/config.hpp>
#include <heddle/preemptible_code.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace heddle::sched {

struct CodeRule;

class CodeMap {
 public:
  /// `modules` may be null: then only code that a rule allows may be preempted. Modules that hold an address of `own_code`
  /// (the core, the port) may not. One at a time follows the process's rules.
  CodeMap(const HeddleCodeModules* modules, const Config::Preempter& policy, const std::vector<const void*>& own_code);
  ~CodeMap();
  CodeMap(const CodeMap&) = delete;
  CodeMap& operator=(const CodeMap&) = delete;

  /// Async-signal-safe.
  bool allows(std::uintptr_t pc) noexcept;

  /// Asks the port again if code was loaded or unloaded since; a port that cannot tell is asked again once allows() has met
  /// code that no module holds. One thread, and not on a fiber: the loader's lock may be held by one.
  void keep_current();

  /// The process's rules have changed. REQUIRES: CodeRules::lock is held.
  void follow(const std::map<std::uint64_t, CodeRule>& rules);

 private:
  struct Module {
    std::uintptr_t lo;
    std::uintptr_t hi;
    Verdict verdict;  // without rules
    std::string path;
  };

  std::uint64_t generation() const;
  void refresh();
  Verdict judge(const HeddleCodeModule& module) const;
  bool covers(const CodeRegion& region, const Module& module) const;
  void add_spans(const CodeRule& rule, std::vector<CodeSpan>& spans) const;
  void publish(std::unique_ptr<const CodeTable> table);

  const HeddleCodeModules* const modules_;
  const Resume resume_;
  const std::vector<const void*> own_code_;
  std::vector<CodeRule> policy_;  // runtime.json's

  std::uint64_t generation_ = 0;  // when the port was asked last; keep_current()'s
  std::atomic<bool> met_unknown_{false};

  std::vector<Module> found_;                              // guarded by CodeRules::lock
  std::unique_ptr<const CodeTable> current_;               // likewise
  std::vector<std::unique_ptr<const CodeTable>> retired_;  // likewise
  std::atomic<const CodeTable*> table_{nullptr};
  std::atomic<std::uint32_t> readers_{0};
};

}  // namespace heddle::sched
