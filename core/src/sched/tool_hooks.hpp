// What AddressSanitizer, LeakSanitizer and ThreadSanitizer are told of fibers. In a core that is built without them every function
// here is empty and StackState has no members, so that the switch is not an instruction longer.
//
// AddressSanitizer wants to know the bounds of the stack that the thread is on, and keeps for each stack a "fake stack" in which it
// puts locals (detect_stack_use_after_return=1); a switch names the stack it goes to before it leaves, and takes up the fake stack
// after it has arrived. A stack is unpoisoned when a fiber begins on it, whatever the one before left behind, and poisoned when that
// has ended, so that a pointer to one of its locals is found out.
// LeakSanitizer looks for pointers in the stacks that it knows: each living fiber's is a root, and a system stack that fibers run
// above, and their fake stacks.
// ThreadSanitizer takes a fiber for a thread. A switch orders what was before it with what comes after: the worker's own state is
// handed from fiber to fiber that way. So of two fibers that never ran on different workers it reports no race.
#pragma once

#include "base/sanitizers.hpp"
#include "stack/stack_pool.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>

#if HEDDLE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif
#if HEDDLE_TSAN
#include <sanitizer/tsan_interface.h>
// What compilers call where a function begins and where it returns.
extern "C" void __tsan_func_entry(void* caller);
extern "C" void __tsan_func_exit();
#endif

namespace heddle::sched::tools {

/// Does a tool have to be told of each stack that a fiber goes on on?
inline constexpr bool kToldOfStacks = HEDDLE_ASAN;

/// What the tools keep of one stack, a fiber's or a worker's system stack.
struct StackState {
#if HEDDLE_ASAN
  const void* bottom = nullptr;
  std::size_t bytes = 0;       // of a system stack: 0 until the first switch away from it has told
  void* fake_stack = nullptr;  // while the stack is left
  void* fake_root = nullptr;   // the fake stack that is known to LeakSanitizer
  bool ends = false;           // the next switch away is the last one
#endif
#if HEDDLE_TSAN
  void* fiber = nullptr;  // ThreadSanitizer's; stays with the control block, since half a millisecond goes into one
#endif
};

#if HEDDLE_ASAN
/// What a fake stack takes: a page, a flag for each frame, and eleven sizes of frames with the power of two above the stack's bytes each,
/// 2^16 to 2^20. Not a byte more: behind it may lie what LeakSanitizer itself unmaps while it looks.
inline std::size_t fake_bytes(std::size_t stack_bytes) {
  const std::size_t each = std::clamp<std::size_t>(std::bit_ceil(stack_bytes), 1 << 16, 1 << 20);
  return 4096 + each / 32 + 11 * each;
}

/// LeakSanitizer knows the fake stack of the stack that a thread is on; of those that are left it is told once.
inline void note_fake_stack(StackState& state) {
  if (state.fake_root == state.fake_stack || state.bytes == 0) return;
  if (state.fake_root) __lsan_unregister_root_region(state.fake_root, fake_bytes(state.bytes));
  if (state.fake_stack) __lsan_register_root_region(state.fake_stack, fake_bytes(state.bytes));
  state.fake_root = state.fake_stack;
}
#endif

/// A fiber is about to be given this stack.
inline void made([[maybe_unused]] StackState& state, [[maybe_unused]] const stack::Stack& stack,
                 [[maybe_unused]] const char* name) {
#if HEDDLE_ASAN
  const auto bytes = static_cast<std::size_t>(stack.hi - stack.lo);
  state = {stack.lo, bytes};
  __asan_unpoison_memory_region(stack.lo, bytes);
  __lsan_register_root_region(stack.lo, bytes);
#endif
#if HEDDLE_TSAN
  if (!state.fiber) state.fiber = __tsan_create_fiber(0);
  __tsan_set_fiber_name(state.fiber, name);
#endif
}

/// The fiber has ended, and nobody refers to it. Its control block, which ends the usable part of the stack, stays.
inline void gone([[maybe_unused]] StackState& state, [[maybe_unused]] const stack::Stack& stack,
                 [[maybe_unused]] const void* block) {
#if HEDDLE_ASAN
  __lsan_unregister_root_region(state.bottom, state.bytes);
  __asan_poison_memory_region(stack.lo, static_cast<std::size_t>(static_cast<const std::byte*>(block) - stack.lo));
#endif
}

/// The stack goes back to where others take it from, who put their control blocks at other places.
inline void given_back([[maybe_unused]] StackState& state, [[maybe_unused]] const stack::Stack& stack) {
#if HEDDLE_TSAN
  if (state.fiber) __tsan_destroy_fiber(state.fiber);  // else no fiber was ever given the stack
#endif
#if HEDDLE_ASAN
  __asan_unpoison_memory_region(stack.lo, static_cast<std::size_t>(stack.hi - stack.lo));
#endif
}

/// The next switch away from this stack is the last one, in a function that will not return. ThreadSanitizer's list of the functions
/// that have been entered must be empty for whoever is next on the stack.
inline void ends([[maybe_unused]] StackState& state) {
#if HEDDLE_ASAN
  state.ends = true;
#endif
#if HEDDLE_TSAN
  __tsan_func_exit();
#endif
}

/// The worker's thread begins to run a fiber; this is the stack that it leaves.
inline void leave_system([[maybe_unused]] StackState& system) {
#if HEDDLE_TSAN
  system.fiber = __tsan_get_current_fiber();
#endif
}

/// The last before a switch.
[[gnu::always_inline]] inline void leave([[maybe_unused]] StackState& from, [[maybe_unused]] const StackState& to) {
#if HEDDLE_ASAN
  if (from.ends) {
    from.fake_stack = nullptr;
    note_fake_stack(from);
    __sanitizer_start_switch_fiber(nullptr, to.bottom, to.bytes);
  } else {
    __sanitizer_start_switch_fiber(&from.fake_stack, to.bottom, to.bytes);
    note_fake_stack(from);
  }
#endif
#if HEDDLE_TSAN
  __tsan_switch_to_fiber(to.fiber, 0);
#endif
}

/// The last in a function whose return is a switch. ThreadSanitizer sees it begin on one stack and return on another.
[[gnu::always_inline]] inline void leave_by_return([[maybe_unused]] StackState& from, [[maybe_unused]] const StackState& to) {
#if HEDDLE_TSAN
  __tsan_func_exit();
#endif
  leave(from, to);
#if HEDDLE_TSAN
  __tsan_func_entry(__builtin_return_address(0));
#endif
}

/// The first after a switch; `system` is that of the worker.
[[gnu::always_inline]] inline void arrive([[maybe_unused]] const StackState& here, [[maybe_unused]] StackState& system) {
#if HEDDLE_ASAN
  const void* bottom = nullptr;
  std::size_t bytes = 0;
  __sanitizer_finish_switch_fiber(here.fake_stack, &bottom, &bytes);
  if (system.bytes != 0) return;
  system.bottom = bottom;
  system.bytes = bytes;
  __lsan_register_root_region(bottom, bytes);
  note_fake_stack(system);
#endif
}

/// The fiber goes on on another stack, which the next switch to it leads to; `state` is that stack's from now on. The caller keeps what it was.
inline void linked([[maybe_unused]] StackState& state, [[maybe_unused]] const stack::Stack& stack) {
#if HEDDLE_ASAN
  const auto bytes = static_cast<std::size_t>(stack.hi - stack.lo);
  state = {stack.lo, bytes};
  __asan_unpoison_memory_region(stack.lo, bytes);
  __lsan_register_root_region(stack.lo, bytes);
#endif
}

/// The last before a fiber that runs goes on on a stack that has been linked.
inline void goes_on([[maybe_unused]] StackState& before, [[maybe_unused]] const StackState& linked) {
#if HEDDLE_ASAN
  __sanitizer_start_switch_fiber(&before.fake_stack, linked.bottom, linked.bytes);
  note_fake_stack(before);
#endif
}

/// The first thing on a stack that was linked.
inline void came_on([[maybe_unused]] const StackState& linked) {
#if HEDDLE_ASAN
  __sanitizer_finish_switch_fiber(linked.fake_stack, nullptr, nullptr);
#endif
}

/// The first thing back on the stack before, of which `before` was kept.
inline void unlinked([[maybe_unused]] StackState& state, [[maybe_unused]] const StackState& before) {
#if HEDDLE_ASAN
  __sanitizer_start_switch_fiber(nullptr, before.bottom, before.bytes);
  state.fake_stack = nullptr;
  note_fake_stack(state);
  __lsan_unregister_root_region(state.bottom, state.bytes);
  __asan_unpoison_memory_region(state.bottom, state.bytes);
  state = before;
  __sanitizer_finish_switch_fiber(state.fake_stack, nullptr, nullptr);
#endif
}

/// Frames of this stack are about to be left behind, by a jump to one above them.
inline void abandons_frames() {
#if HEDDLE_ASAN
  __asan_handle_no_return();
#endif
}

/// The frames of a parked stack in [lo, hi) are left behind.
inline void abandons_stack([[maybe_unused]] const void* lo, [[maybe_unused]] const void* hi) {
#if HEDDLE_ASAN
  __asan_unpoison_memory_region(
      lo, static_cast<std::size_t>(static_cast<const std::byte*>(hi) - static_cast<const std::byte*>(lo)));
#endif
}

/// The last before a switch to another place on the stack that the caller is on.
inline void jump_on_the_same([[maybe_unused]] StackState& state) {
#if HEDDLE_ASAN
  __sanitizer_start_switch_fiber(&state.fake_stack, state.bottom, state.bytes);
#endif
}

/// The worker's thread runs fibers no more.
inline void forget_system([[maybe_unused]] StackState& system) {
#if HEDDLE_ASAN
  if (system.bytes == 0) return;
  __lsan_unregister_root_region(system.bottom, system.bytes);
  system.fake_stack = nullptr;
  note_fake_stack(system);
#endif
}

}  // namespace heddle::sched::tools
