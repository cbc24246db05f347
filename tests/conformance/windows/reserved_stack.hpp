// A stack as the port reserves it, guard and all, and a fiber on it.
#pragma once

#include <functional>

#include "conformance/fixture.hpp"

namespace conformance {

class ReservedStack {
 public:
  ReservedStack(const HeddleStackMemory* stacks, size_t bytes) : stacks_(stacks), bytes_(bytes) {
    EXPECT_EQ(stacks->reserve(bytes, stacks->page_bytes, 1, &base_), HEDDLE_OK);
  }
  ~ReservedStack() { stacks_->release(base_, bytes_, 1); }
  ReservedStack(const ReservedStack&) = delete;
  ReservedStack& operator=(const ReservedStack&) = delete;

  void* lo() const { return base_; }
  void* hi() const { return static_cast<char*>(base_) + bytes_; }
  bool contains(uintptr_t address) const {
    return address >= reinterpret_cast<uintptr_t>(lo()) && address < reinterpret_cast<uintptr_t>(hi());
  }

 private:
  const HeddleStackMemory* stacks_;
  size_t bytes_;
  void* base_ = nullptr;
};

// Runs `body` on a stack; pause() parks it, and enter() goes on with it. May be entered from any thread.
class Fiber {
 public:
  Fiber(const HeddleContextSwitcher* switcher, void* lo, void* hi, std::function<void(Fiber&)> body)
      : switcher_(switcher), body_(std::move(body)) {
    switcher->make(&fiber_, lo, hi, run, this);
  }
  void enter() { switcher_->swap(&caller_, &fiber_, nullptr); }
  void pause() { switcher_->swap(&fiber_, &caller_, nullptr); }

 private:
  static void run(void*, void* argument) {
    auto& self = *static_cast<Fiber*>(argument);
    self.body_(self);
    self.switcher_->jump(&self.caller_, nullptr);
  }
  const HeddleContextSwitcher* switcher_;
  std::function<void(Fiber&)> body_;
  HeddleContext fiber_{}, caller_{};
};

}  // namespace conformance
