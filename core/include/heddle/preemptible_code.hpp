// preemptible_code: what a program knows better than the runtime about where it may be preempted.
//
// Without a word from the program preempter.resume decides: same-thread preempts the program and its libraries, any-thread
// the main program alone. A rule adds code to that, such as a just-in-time compiler's, or takes code out of it. Rules hold
// for the process; runtime.json says the same for modules, in /preempter/allow and /preempter/deny.
#pragma once

#include <heddle/api.hpp>

#include <cstdint>
#include <string>
#include <type_traits>

namespace heddle {

/// A part of the process's code, for allow_preemption and deny_preemption. A value.
class HEDDLE_API CodeRegion {
 public:
  /// The addresses [begin, end), which need not belong to a module. Throws std::invalid_argument unless begin < end.
  static CodeRegion range(const void* begin, const void* end);

  /// The program or library that holds the address while the rule stands; no code while none does.
  static CodeRegion module_of(const void* address);

  /// The program or library that the function is part of.
  template <class Function>
  requires std::is_function_v<Function>
  static CodeRegion module_of(Function* function) { return module_of(reinterpret_cast<const void*>(function)); }

  /// Every module whose file has that name, now and later: "libfoo.so" is libfoo.so and what goes on with '.', '-' or '_'
  /// (libfoo.so.1); on Windows capitals do not count. Throws std::invalid_argument for an empty name or one with a folder.
  static CodeRegion module(std::string name);

  std::uintptr_t begin() const noexcept { return begin_; }
  std::uintptr_t end() const noexcept { return end_; }        ///< 0: the module that holds begin()
  const std::string& name() const noexcept { return name_; }  ///< not empty: the modules of that name, and nothing else

 private:
  CodeRegion() = default;
  std::uintptr_t begin_ = 0;
  std::uintptr_t end_ = 0;
  std::string name_;
};

/// A rule that holds until this is destroyed, or for ever after keep(). Any thread.
class HEDDLE_API PreemptionRule {
 public:
  PreemptionRule(PreemptionRule&& other) noexcept;
  PreemptionRule& operator=(PreemptionRule&& other) noexcept;
  ~PreemptionRule();

  /// The rule holds until the process ends.
  void keep() noexcept { number_ = 0; }

 private:
  friend PreemptionRule allow_preemption(const CodeRegion& region);
  friend PreemptionRule deny_preemption(const CodeRegion& region);
  explicit PreemptionRule(std::uint64_t number) noexcept : number_(number) {}
  std::uint64_t number_;  // 0: none
};

/// Code of the region may be preempted, under either policy. It reaches neither the C and C++ libraries, the unwinder, the
/// loader and the allocator nor Heddle and its port, and a deny_preemption() of the same code is stronger. Under
/// any-thread the code must hold no address of a thread_local, or of errno, at any instruction.
///
/// In force when it returns, before run() as well as during it. Any thread, and not in a signal handler; takes time in
/// proportion to the number of modules and rules, so register a compiler's arena rather than each function. End the rule
/// before other code may lie at those addresses, and when no fiber is in them. Throws std::bad_alloc.
[[nodiscard]] HEDDLE_API_FUNCTION PreemptionRule allow_preemption(const CodeRegion& region);

/// Code of the region is not preempted, whatever else allows it: a request waits until the fiber is elsewhere. Functions
/// that it calls in other modules may be preempted; this_fiber::NoPreempt covers these too. Otherwise as above.
[[nodiscard]] HEDDLE_API_FUNCTION PreemptionRule deny_preemption(const CodeRegion& region);

}  // namespace heddle
