// CodeMap: may the code at this address be preempted? Asked by a signal handler, so it is a table that never changes; a
// new one takes its place when code was loaded or unloaded.
#pragma once

#include <heddle/port/code_modules.h>
#include <heddle/config.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace heddle::sched {

class CodeMap {
 public:
  /// `modules` may be null: then no code may be preempted. Modules that hold an address of `own_code` (the core, the
  /// port) may not.
  CodeMap(const HeddleCodeModules* modules, Resume resume, const std::vector<const void*>& own_code);
  ~CodeMap();
  CodeMap(const CodeMap&) = delete;
  CodeMap& operator=(const CodeMap&) = delete;

  /// Async-signal-safe. An address in no known module is not allowed and makes stale() true.
  bool allows(std::uintptr_t pc) noexcept;

  bool stale() const noexcept { return stale_.load(std::memory_order_relaxed); }

  /// Asks the port again. Not on a fiber: the loader's lock may be held by one.
  void refresh();

 private:
  struct Range {
    std::uintptr_t lo;
    std::uintptr_t hi;
    bool allowed;

    bool operator==(const Range&) const = default;
  };
  using Table = std::vector<Range>;  // sorted, disjoint

  bool allowed(const HeddleCodeModule& module) const;

  const HeddleCodeModules* const modules_;
  const Resume resume_;
  const std::vector<const void*> own_code_;
  std::atomic<const Table*> table_{nullptr};
  std::atomic<bool> stale_{false};
  std::mutex lock_;
  std::vector<std::unique_ptr<const Table>> tables_;  // a handler may still read an old one; guarded by lock_
};

}  // namespace heddle::sched
