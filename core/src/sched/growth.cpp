#include "sched/growth.hpp"

#include "base/fatal.hpp"
#include "base/forked_child.hpp"
#include "sched/core_section.hpp"
#include "sched/preemption.hpp"
#include "sched/scheduler.hpp"
#include "sched/segment.hpp"
#include "sched/switch.hpp"
#include "sched/switch_inline.hpp"
#include "sched/tool_hooks.hpp"

#include <heddle/with_stack.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace heddle::sched {

namespace {

constinit std::atomic<const Worker*> forked_worker{nullptr};

/// What new_stack has decided.
enum class Answer {
  kAskAgain,  // the fiber has given way meanwhile
  kCallHere,  // there is enough room
  kLinked,    // the call is made on a segment
  kFailed,
};

/// A call that wants stack; on the stack of whoever makes it.
struct Growth {
  std::size_t bytes;
  void* (*function)(void* closure);
  void* closure;
  Worker* worker = nullptr;  // of the fiber whose own stack the caller is on; null: it is on another
  Answer answer = Answer::kAskAgain;
  std::exception_ptr failure{};
};

bool within(std::uintptr_t address, std::uintptr_t lo, std::uintptr_t hi) {
  return address >= lo && address < hi;
}

/// Are there `bytes` between `sp` and `lowest`?
bool reaches(std::uintptr_t sp, std::size_t bytes, std::uintptr_t lowest) {
  return sp > bytes && sp - bytes >= lowest;
}

bool on_fiber_stack(const FiberBlock& fiber, std::uintptr_t sp) {
  const stack::Stack& stack = current_stack(fiber);
  return within(sp, reinterpret_cast<std::uintptr_t>(stack.lo), reinterpret_cast<std::uintptr_t>(stack.hi));
}

/// Is there room on a stack that is no fiber's? One that nobody knows is like an ordinary thread's.
bool has_room_elsewhere(const Worker& worker, std::uintptr_t sp, std::size_t bytes) {
  if (within(sp, worker.signal_lo, worker.signal_hi)) return reaches(sp, bytes, worker.signal_lo);
  return !within(sp, worker.system_lo, worker.system_hi) || reaches(sp, bytes, worker.system_lo);
}

[[noreturn]] void refuse(const char* what, std::size_t bytes, const char* why) {
  std::array<char, 256> text;
  std::snprintf(text.data(), text.size(), "%s: heddle::with_stack wants %llu bytes, and %s", what,
                static_cast<unsigned long long>(bytes), why);
  base::fatal(text.data());
}

/// Where no stack grows the process ends.
[[noreturn]] void refuse_growth(const Worker* worker, std::uintptr_t sp, std::size_t bytes) {
  if (worker && within(sp, worker->signal_lo, worker->signal_hi))
    refuse("morestack on the signal stack", bytes, "a signal handler has what sigaltstack(2) gave it");
  if (base::in_forked_child())
    refuse("stack growth after fork", bytes, "the child of a fork() has no runtime that could give it a stack");
  if (!worker || !worker->current())
    refuse("morestack on the system stack", bytes, "the scheduler has the stack that its thread began with");
  refuse("stack growth in a foreign call", bytes,
         "foreign code has the system stack of the thread; callbacks have the fiber's");
}

/// What a segment takes of its memory for itself.
constexpr std::size_t kSegmentBytes = sizeof(Segment) + 63;

std::size_t size_of(const stack::Stack& stack) {
  return static_cast<std::size_t>(stack.hi - stack.base);
}

/// The bytes of the segments that the fiber has linked.
std::size_t linked_bytes(const FiberBlock& fiber) {
  std::size_t bytes = 0;
  for (const Segment* segment = fiber.room->segment; segment; segment = segment->outer->segment)
    bytes += size_of(segment->stack);
  return bytes;
}

/// The size of a segment with room for such a call, twice that of the stack before if that may be. Throws.
std::size_t choose_size(Scheduler& scheduler, const FiberBlock& fiber, std::size_t bytes) {
  const std::size_t most = scheduler.stacks().max_size();
  if (bytes > most)
    throw std::invalid_argument("heddle::with_stack: " + std::to_string(bytes) +
                                " bytes of stack, and stack.max_size allows " + std::to_string(most) +
                                "; ask for less or raise stack.max_size in runtime.json");
  const std::size_t least = scheduler.segments().round(bytes + kSegmentBytes + reserved_bytes(scheduler) +
                                                       scheduler.segments().guard_bytes());
  const std::size_t linked = linked_bytes(fiber);
  const std::size_t limit = scheduler.segments().max_size();
  if (linked + least > limit)
    throw std::system_error(std::make_error_code(std::errc::not_enough_memory),
                            "heddle::with_stack: the fiber has linked " + std::to_string(linked) +
                                " bytes of stacks and wants " + std::to_string(least) +
                                " more; they may come to twice stack.max_size, which is " + std::to_string(most) +
                                ". Raise it in runtime.json, or recurse less deeply");
  const std::size_t wanted = std::max(least, 2 * size_of(current_stack(fiber)));
  return wanted <= most && linked + wanted <= limit ? wanted : least;
}

Segment& allocate_segment(Scheduler& scheduler, std::size_t size) {
  const stack::Stack stack = scheduler.segments().allocate(size);
  const auto place = (reinterpret_cast<std::uintptr_t>(stack.hi) - sizeof(Segment)) & ~std::uintptr_t{63};
  auto& segment = *::new (reinterpret_cast<void*>(place)) Segment{};
  segment.lo = stack.lo;
  segment.hi = &segment;
  segment.stack = stack;
  const std::uintptr_t guard = reinterpret_cast<std::uintptr_t>(stack.lo) + reserved_bytes(scheduler);
  segment.room = {guard, place - guard, &segment};
  segment.switcher = scheduler.interfaces().context_switcher;
  return segment;
}

/// The segment that the fiber has kept, if it has room for the call.
Segment* take_kept(FiberBlock& fiber, std::size_t bytes) {
  const Segment* kept = fiber.spare_segment;
  if (!kept || bytes > kept->room.bytes) return nullptr;
  return std::exchange(fiber.spare_segment, nullptr);
}

/// A segment that has room for the call. Null: growth.failure says why not.
Segment* find_segment(Scheduler& scheduler, FiberBlock& fiber, Growth& growth) noexcept {
  if (Segment* kept = take_kept(fiber, growth.bytes)) return kept;
  try {
    return &allocate_segment(scheduler, choose_size(scheduler, fiber, growth.bytes));
  } catch (...) {
    growth.failure = std::current_exception();
    return nullptr;
  }
}

/// `sp`: whatever the caller needs of the stack before lies above.
void link(FiberBlock& fiber, const void* sp, Segment& segment) {
  segment.outer = fiber.room;
  segment.outer_sp = sp;
  segment.outer_tools = fiber.tools;
  tools::linked(fiber.tools, segment.stack);
  fiber.room = &segment.room;
  if (split_code_exists.load(std::memory_order_relaxed)) [[unlikely]]
    set_stack_limit(fiber);
}

void release_segment(Scheduler& scheduler, Segment* segment) noexcept {
  if (segment) scheduler.segments().release(segment->stack);
}

/// The fiber has kept another segment meanwhile, and keeps the larger one.
[[gnu::cold, gnu::noinline]] void keep_larger(FiberBlock& fiber, Segment* left) noexcept {
  if (size_of(fiber.spare_segment->stack) < size_of(left->stack)) std::swap(fiber.spare_segment, left);
  Worker* worker = current_worker();
  if (!worker) return;  // in the child of a fork
  const CoreSection section(worker);
  release_segment(worker->scheduler, left);
}

/// The call has ended, and the caller is back on the stack before.
[[gnu::always_inline]] inline void unlink(FiberBlock& fiber, Segment& left) noexcept {
  tools::unlinked(fiber.tools, left.outer_tools);
  fiber.room = left.outer;
  if (split_code_exists.load(std::memory_order_relaxed)) [[unlikely]]
    set_stack_limit(fiber);
  if (fiber.spare_segment) [[unlikely]]
    keep_larger(fiber, &left);
  else
    fiber.spare_segment = &left;
}

/// On the segment.
void* run_linked(void* context) {
  const Growth& growth = *static_cast<const Growth*>(context);
  growth.worker->current()->growth = nullptr;
  tools::arrive(growth.worker->current()->tools, growth.worker->tools);
  leave_core(*growth.worker);
  return growth.function(growth.closure);
}

/// Undoes link, if it was done, when the call on the segment has returned or thrown.
struct Linked {
  Growth& growth;
  FiberBlock& fiber;
  ~Linked() {
    if (growth.answer == Answer::kLinked) unlink(fiber, *fiber.room->segment);
  }
};

/// Asks new_stack once. REQUIRES: the fiber runs on its own stack.
void ask(Worker& worker, FiberBlock& fiber, Growth& growth) {
  const HeddleContextSwitcher& switcher = *worker.scheduler.interfaces().context_switcher;
  growth.worker = &worker;
  growth.answer = Answer::kAskAgain;
  enter_with_processor(worker);
  const Linked linked{growth, fiber};
  tools::leave(fiber.tools, worker.tools);
  void* transfer = switcher.morestack(run_linked, &growth);
  if (growth.answer == Answer::kLinked) return;
  fiber.growth = nullptr;
  Worker& now = transfer ? *static_cast<Worker*>(transfer) : worker;
  tools::arrive(fiber.tools, now.tools);
  if (transfer) finish(now);
  leave_core(now);
}

/// More than the frames of call_on_kept and the port's call_on take together: whatever they have saved lies above.
constexpr std::size_t kCallFrameBytes = 512;

/// A call on a segment that the fiber had kept.
struct KeptCall {
  FiberBlock& fiber;
  Segment& segment;
  void* (*function)(void* closure);
  void* closure;
  ~KeptCall() { unlink(fiber, segment); }

  static void* run(void* argument) {
    const KeptCall& call = *static_cast<const KeptCall*>(argument);
    tools::came_on(call.fiber.tools);
    return call.function(call.closure);
  }
};

/// What new_stack would decide when nobody has asked the fiber to give way, its stack has too little room and it has kept a segment that
/// will do. It takes neither the scheduler nor the system stack to decide that.
[[gnu::noinline]] bool call_on_kept(FiberBlock& fiber, Segment& segment, void* (*function)(void* closure), void* closure) {
  const HeddleContextSwitcher& switcher = *segment.switcher;
  link(fiber, static_cast<const char*>(__builtin_frame_address(0)) - kCallFrameBytes, segment);
  KeptCall call{fiber, segment, function, closure};
  tools::goes_on(segment.outer_tools, fiber.tools);
  if constexpr (tools::kToldOfStacks) {
    switcher.call_on(segment.hi, KeptCall::run, &call);
  } else {
    switcher.call_on(segment.hi, function, closure);
  }
  return true;
}

/// In the child of a fork: is there room on the stack that its fiber was on?
bool has_room_after_fork(std::uintptr_t sp, std::size_t bytes) {
  const Worker* worker = forked_worker.load(std::memory_order_relaxed);
  const FiberBlock* fiber = worker ? worker->current() : nullptr;
  if (!fiber) return true;
  return on_fiber_stack(*fiber, sp) ? reaches(sp, bytes, fiber->room->guard) : has_room_elsewhere(*worker, sp, bytes);
}

}  // namespace

std::size_t reserved_bytes(const Scheduler& scheduler) noexcept {
  const HeddlePreempter* injection = scheduler.interfaces().injection;  // counts what the system keeps in
  const std::size_t injected = injection ? injection->inject_bytes : 0;
  return kCoreBytes + std::max(injected, kept_bytes(scheduler.interfaces().stack_memory));
}

void begin_stack(FiberBlock& fiber, std::size_t reserved) noexcept {
  fiber.spare_segment = nullptr;
  fiber.growth = nullptr;
  const auto top = reinterpret_cast<std::uintptr_t>(&fiber);
  const std::uintptr_t guard = std::min(reinterpret_cast<std::uintptr_t>(fiber.stack.lo) + reserved, top);  // a small one is all reserve
  fiber.own_room = {guard, top - guard};
  fiber.room = &fiber.own_room;
}

void release_segments(Scheduler& scheduler, FiberBlock& fiber) noexcept {
  release_segment(scheduler, std::exchange(fiber.spare_segment, nullptr));
}

void note_forked_worker(const Worker* worker) noexcept {
  forked_worker.store(worker, std::memory_order_relaxed);
}

HeddleSegment* HEDDLE_CALL new_stack(const HeddleContext* caller, void* context) noexcept {
  Growth& growth = *static_cast<Growth*>(context);
  const auto sp = reinterpret_cast<std::uintptr_t>(caller->sp);
  Worker* const worker = growth.worker;
  if (!worker) refuse_growth(current_worker(), sp, growth.bytes);
  FiberBlock& fiber = *worker->current();
  fiber.growth = context;
  tools::arrive(worker->tools, worker->tools);
  const int error_number = *worker->error_number;
  Segment* segment = nullptr;
  if (worker->preemption_requested() && gives_way(*worker)) {
    give_way_parked(*worker, *caller, &ProcessorCounters::cooperative_preemptions);
  } else if (reaches(sp, growth.bytes, fiber.room->guard)) {
    growth.answer = Answer::kCallHere;
  } else if ((segment = find_segment(worker->scheduler, fiber, growth))) {
    growth.answer = Answer::kLinked;
    link(fiber, caller->sp, *segment);
  } else {
    growth.answer = Answer::kFailed;
  }
  *worker->error_number = error_number;
  tools::leave_by_return(worker->tools, fiber.tools);
  return segment;
}

}  // namespace heddle::sched

namespace heddle::detail {

namespace {

/// Asks new_stack, and again after each time that the fiber has given way. True if function(closure) has been called.
bool ask_and_call(std::size_t bytes, void* (*function)(void* closure), void* closure) {
  sched::Growth growth{bytes, function, closure};
  do {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    sched::Worker* worker = sched::current_worker();
    if (!worker) sched::refuse_growth(nullptr, here, bytes);
    sched::FiberBlock* fiber = worker->current();
    if (!fiber || !sched::on_fiber_stack(*fiber, here)) {
      worker->scheduler.interfaces().context_switcher->morestack(sched::run_linked, &growth);  // does not return
    }
    sched::ask(*worker, *fiber, growth);
  } while (growth.answer == sched::Answer::kAskAgain);
  if (growth.answer == sched::Answer::kFailed) std::rethrow_exception(std::move(growth.failure));
  return growth.answer == sched::Answer::kLinked;
}

/// Is the caller on a stack that is no fiber's, and has room there?
bool has_room_off_fibers(const sched::Worker* worker, std::uintptr_t here, std::size_t bytes) {
  if (!worker) return !base::in_forked_child() || sched::has_room_after_fork(here, bytes);
  const sched::FiberBlock* fiber = worker->current();
  return (!fiber || !sched::on_fiber_stack(*fiber, here)) && sched::has_room_elsewhere(*worker, here, bytes);
}

/// call_elsewhere where it is not decided by a few comparisons.
[[gnu::cold, gnu::noinline]] bool look_closer(std::size_t bytes, void* (*function)(void* closure), void* closure) {
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  return !has_room_off_fibers(sched::current_worker(), here, bytes) && ask_and_call(bytes, function, closure);
}

}  // namespace

bool call_elsewhere(std::size_t bytes, void* (*function)(void* closure), void* closure) {
  const sched::Worker* worker = sched::current_worker();
  sched::FiberBlock* fiber = worker ? worker->current() : nullptr;
  if (!fiber) [[unlikely]]
    return look_closer(bytes, function, closure);
  const sched::Room& room = *fiber->room;
  const std::uintptr_t guard = room.guard | worker->poison.load(std::memory_order_relaxed);
  const std::uintptr_t left = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - guard;
  if (left >= room.bytes) [[unlikely]]  // as on another stack, and where a request is pending
    return look_closer(bytes, function, closure);
  if (bytes <= left) [[likely]]
    return false;
  sched::Segment* kept = sched::take_kept(*fiber, bytes);
  if (!kept) [[unlikely]]
    return look_closer(bytes, function, closure);
  return sched::call_on_kept(*fiber, *kept, function, closure);
}

}  // namespace heddle::detail
