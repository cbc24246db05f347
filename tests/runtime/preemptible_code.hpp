// What the tests of allow_preemption, deny_preemption and the loader's changes share: work that says whether others had a turn
// meanwhile.
#pragma once

#include "runtime/hog.h"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

namespace heddle::test {

/// Counts its turns while it lives, on a fiber of its own. REQUIRES: made and destroyed on a fiber, with one processor.
class Turns {
 public:
  Turns() : counter_([this] { count(); }) {}
  ~Turns() {
    stop_ = true;
    counter_.join();
  }
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  /// Some 100 ms of work in `code`. Was it stopped, so that others had a turn?
  bool interrupt(Hog code) const {
    code(1, &turns_);     // a page of it may have to be read from the disk,
    this_fiber::yield();  // which blocks the thread, as to load it does: the processor may be somebody else's
    return code(100'000'000, &turns_) != 0;
  }

 private:
  void count() {
    while (!stop_) {
      turns_ = turns_ + 1;
      this_fiber::yield();
    }
  }

  volatile bool stop_ = false;
  volatile std::uint64_t turns_ = 0;
  Fiber counter_;
};

}  // namespace heddle::test
