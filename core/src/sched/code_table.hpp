// CodeTable: which addresses hold code that may be preempted, for a signal handler to ask. It never changes.
#pragma once

#include <cstdint>
#include <vector>

namespace heddle::sched {

/// What one source (a module, a rule) says about code. Where several say something the highest counts.
enum class Verdict : std::uint8_t {
  kUnknown,    ///< nobody has said anything
  kRefused,    ///< not preempted, unless somebody allows it
  kAllowed,    ///< may be preempted
  kForbidden,  ///< never preempted
};

/// A verdict on the addresses [lo, hi).
struct CodeSpan {
  std::uintptr_t lo;
  std::uintptr_t hi;
  Verdict verdict;

  bool operator==(const CodeSpan&) const = default;
};

class CodeTable {
 public:
  /// `spans` in any order; they may overlap, and empty ones say nothing.
  explicit CodeTable(const std::vector<CodeSpan>& spans);

  /// Async-signal-safe.
  Verdict at(std::uintptr_t pc) const noexcept;

  bool operator==(const CodeTable&) const = default;

 private:
  void append(std::uintptr_t lo, std::uintptr_t hi, Verdict verdict);

  std::vector<CodeSpan> spans_;  // sorted, disjoint
};

}  // namespace heddle::sched
