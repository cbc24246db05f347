#include "base/forked_child.hpp"

#include "base/fatal.hpp"
#include "base/last_report.hpp"

#include <atomic>

namespace heddle::base {

namespace {

std::atomic<bool> forked_child{false};

}  // namespace

void note_forked_child() noexcept {
  forked_child.store(true, std::memory_order_relaxed);
  set_last_report(nullptr);  // the fibers are the parent's
}

bool in_forked_child() noexcept {
  return forked_child.load(std::memory_order_relaxed);
}

void refuse_in_forked_child() noexcept {
  if (in_forked_child())
    fatal(
        "this process is the child of a fork() and has no runtime: no fiber of the parent can be waited for, woken or "
        "ended "
        "here. Call exec or _exit in the child");
}

}  // namespace heddle::base
