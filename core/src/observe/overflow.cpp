#include "observe/overflow.hpp"

#include "observe/fault.hpp"
#include "sched/scheduler.hpp"
#include "sched/segment.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace heddle::observe {

namespace {

using sched::FiberBlock;

// A frame that is not probed page by page may reach beyond the guard, but not below the stack pointer by more than what one instruction
// stores. Memory there that is not reached from a frame may be anybody's.
constexpr std::uintptr_t kBelowThread = 64 * 1024;
constexpr std::uintptr_t kStore = 4 * 1024;

std::uintptr_t number(const std::byte* at) noexcept {
  return reinterpret_cast<std::uintptr_t>(at);
}

/// `64 KiB`
std::array<char, 32> size_text(std::uintptr_t bytes) noexcept {
  constexpr unsigned kKibi = 1024;
  std::array<char, 32> text{};
  const bool mebi = bytes >= kKibi * kKibi && bytes % (kKibi * kKibi) == 0;
  std::snprintf(text.data(), text.size(), "%llu %s",
                static_cast<unsigned long long>(mebi ? bytes / kKibi / kKibi : bytes / kKibi), mebi ? "MiB" : "KiB");
  return text;
}

int describe_fibers(const FiberBlock& fiber, std::size_t limit, std::span<char> buffer) noexcept {
  const stack::Stack& stack = sched::current_stack(fiber);
  return std::snprintf(
      buffer.data(), buffer.size(),
      "heddle: fatal: stack overflow: %s has used up its stack, 0x%llx to 0x%llx, of %s (stack.max_size: %s). Give it "
      "more with "
      "FiberOptions::stack_size, every fiber with stack.size, or what needs much with heddle::with_stack(bytes, f)\n",
      fiber_text(fiber).data(), static_cast<unsigned long long>(number(stack.lo)),
      static_cast<unsigned long long>(number(stack.hi)), size_text(number(stack.hi) - number(stack.base)).data(),
      size_text(limit).data());
}

int describe_threads(const sched::Worker& worker, std::span<char> buffer) noexcept {
  const FiberBlock* fiber = worker.current();
  std::array<char, 96> who{"in the runtime"};
  if (fiber) {
    const bool foreign = fiber->ties & sched::kInForeign;
    std::snprintf(who.data(), who.size(), "%s %s", foreign ? "in foreign code called by" : "in the runtime for",
                  fiber_text(*fiber).data());
  }
  return std::snprintf(buffer.data(), buffer.size(),
                       "heddle: fatal: stack overflow: on the system stack of the thread, %s: 0x%llx to 0x%llx, of %s, "
                       "are used up. Threads get what the system gives them (on Linux `ulimit -s`, on Windows what the "
                       "program is linked with)\n",
                       who.data(), static_cast<unsigned long long>(worker.system_lo),
                       static_cast<unsigned long long>(worker.system_hi),
                       size_text(worker.system_hi - worker.system_lo).data());
}

}  // namespace

UsedUp find_used_up(const HeddleFault& fault, const sched::Worker& worker) noexcept {
  const bool told = (fault.flags & HEDDLE_FAULT_IS_OVERFLOW) != 0;
  if (!told && (fault.flags & HEDDLE_FAULT_HAS_ADDRESS) == 0) return UsedUp::kNone;
  if (const FiberBlock* fiber = worker.current()) {
    const stack::Stack& stack = sched::current_stack(*fiber);
    const std::byte* end = told ? stack.hi : stack.lo;
    const std::uintptr_t at = told ? fault.at.sp : fault.address;
    if (at >= number(stack.base) && at < number(end)) return UsedUp::kStackOfFiber;
  }
  if (told) return UsedUp::kStackOfThread;
  const std::uintptr_t lo = worker.system_lo;
  const std::uintptr_t sp = fault.at.sp;
  const bool below = fault.address < lo && lo - fault.address <= kBelowThread;
  const bool by_a_frame = sp <= fault.address + kStore && fault.address - kBelowThread <= sp;
  return below && by_a_frame ? UsedUp::kStackOfThread : UsedUp::kNone;
}

std::string_view describe_overflow(UsedUp what, const sched::Worker& worker, std::span<char> buffer) noexcept {
  const int length = what == UsedUp::kStackOfFiber
                         ? describe_fibers(*worker.current(), worker.scheduler.stacks().max_size(), buffer)
                         : describe_threads(worker, buffer);
  return {buffer.data(), std::min(static_cast<std::size_t>(length), buffer.size() - 1)};
}

}  // namespace heddle::observe
