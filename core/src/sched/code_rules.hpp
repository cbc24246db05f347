// CodeRules: the process's rules of heddle/preemptible_code.hpp, which outlive every run(), and the CodeMap that follows
// them while there is one.
//
// One lock for the rules and for what the map makes of them, so that a rule is in force when the call that made it
// returns. It is never held while the loader is asked. Who holds it is not preempted: the code of the standard library
// that runs under it may be the copy in the main program.
#pragma once

#include <heddle/preemptible_code.hpp>

#include <cstdint>
#include <map>
#include <mutex>

namespace heddle::sched {

class CodeMap;

struct CodeRule {
  bool allow;
  CodeRegion region;
};

class CodeRules {
 public:
  using Rules = std::map<std::uint64_t, CodeRule>;

  /// Those of the process.
  static CodeRules& all();

  /// Returns its number.
  std::uint64_t add(CodeRule rule);
  void remove(std::uint64_t number) noexcept;

  std::mutex lock;
  Rules rules;             // guarded by lock
  CodeMap* map = nullptr;  // guarded by lock

 private:
  std::uint64_t last_number_ = 0;  // guarded by lock
};

}  // namespace heddle::sched
