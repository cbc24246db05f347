// A fiber's handle: made, started, joined, detached. The other half, how a fiber begins and ends, is in
// enter_fiber.cpp.
#include "base/forked_child.hpp"
#include "base/parker.hpp"
#include "sched/census.hpp"
#include "sched/core_section.hpp"
#include "sched/create_fiber.hpp"
#include "sched/enter_fiber.hpp"
#include "sched/growth.hpp"
#include "sched/scheduler.hpp"
#include "sched/switch.hpp"
#include "sched/wait_note.hpp"

#include <heddle/fiber.hpp>
#include <heddle/this_fiber.hpp>

#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace heddle {

namespace sched {

namespace {

bool wait_for_end(Worker&, FiberBlock& parked, void* argument) {
  auto& fiber = *static_cast<FiberBlock*>(argument);
  std::uintptr_t nobody = kNoJoiner;
  return fiber.joiner.compare_exchange_strong(nobody, reinterpret_cast<std::uintptr_t>(&parked), std::memory_order_acq_rel);
}

void block_until_ended(FiberBlock& fiber) {
  base::refuse_in_forked_child();
  base::Parker parker;
  std::uintptr_t nobody = kNoJoiner;
  const std::uintptr_t tagged = reinterpret_cast<std::uintptr_t>(&parker) | kThreadTag;
  if (fiber.joiner.compare_exchange_strong(nobody, tagged, std::memory_order_acq_rel)) parker.park();
}

std::byte* place_closure(FiberBlock& fiber, std::size_t bytes, std::size_t align) {
  const auto top = reinterpret_cast<std::uintptr_t>(&fiber);
  const auto lowest = reinterpret_cast<std::uintptr_t>(fiber.stack.lo);
  const std::size_t half = (top - lowest) / 2;
  if (bytes > half || align > half) return nullptr;
  return reinterpret_cast<std::byte*>((top - bytes) & ~std::uintptr_t{align - 1});
}

void reset(FiberBlock& fiber, void (*body)(void*), std::string_view name) {
  fiber.link = nullptr;
  fiber.pinned = nullptr;
  fiber.exceptions = {};
  fiber.error_number = 0;
  fiber.no_preempt = 0;
  fiber.ties = 0;
  fiber.thread_locks = 0;
  fiber.foreign = nullptr;
  fiber.callback = nullptr;
  fiber.fresh = true;
  fiber.joiner.store(kNoJoiner, std::memory_order_relaxed);
  fiber.body = body;
  fiber.waits_for.store(kWaitsForStart, std::memory_order_relaxed);
  fiber.made_at = nullptr;
  std::size_t kept = 0;
  if (!name.empty()) kept = name.copy(fiber.name.data(), FiberBlock::kNameBytes - 1);
  fiber.name[kept] = 0;
}

}  // namespace

FiberBlock& create_fiber(Scheduler& scheduler, Worker* worker, const FiberOptions& options, std::size_t closure_bytes,
                         std::size_t closure_align, void (*body)(void*), void** closure) {
  FiberBlock& fiber = scheduler.make_fiber(worker, options.stack_size);
  reset(fiber, body, options.name);
  tools::made(fiber.tools, fiber.stack, fiber.name.data());
  std::byte* place = place_closure(fiber, closure_bytes, closure_align);
  if (!place) {
    const std::size_t size = static_cast<std::size_t>(fiber.stack.hi - fiber.stack.base);
    scheduler.recycle(worker, fiber);
    throw std::invalid_argument("heddle::Fiber: the function and its arguments take " + std::to_string(closure_bytes) +
                                " bytes, more than half of the fiber's stack of " + std::to_string(size) +
                                "; ask for a larger stack_size, or pass a pointer");
  }
  fiber.closure = *closure = place;
  begin_stack(fiber, reserved_bytes(scheduler));
  scheduler.interfaces().context_switcher->make(&fiber.context, fiber.stack.lo, place, enter_fiber, &fiber);
  begin_use(fiber);
  return fiber;
}

}  // namespace sched

namespace detail {

namespace {

/// The scheduler and the worker of the caller; the worker is null on an ordinary thread, and so is the scheduler
/// outside run().
std::pair<sched::Scheduler*, sched::Worker*> here() {
  sched::Worker* worker = sched::current_worker();
  return {worker ? &worker->scheduler : sched::Scheduler::running(), worker};
}

void recycle(sched::FiberBlock& fiber) noexcept {
  base::refuse_in_forked_child();
  const auto [scheduler, worker] = here();
  const sched::CoreSection section(worker);
  scheduler->recycle(section.worker(), fiber);
}

}  // namespace

sched::FiberBlock* create_fiber(const FiberOptions& options, std::size_t closure_bytes, std::size_t closure_align,
                                void (*body)(void*), void** closure) {
  const auto [scheduler, worker] = here();
  if (!scheduler)
    throw std::system_error(std::make_error_code(std::errc::operation_not_permitted),
                            "heddle::Fiber: no runtime is running; make fibers inside heddle::run()");
  const sched::CoreSection section(worker);
  sched::FiberBlock& fiber = sched::create_fiber(*scheduler, section.worker(), options, closure_bytes, closure_align,
                                                 body, closure);
  fiber.made_at = __builtin_return_address(0);
  return &fiber;
}

void start_fiber(sched::FiberBlock* fiber) noexcept {
  sched::start(*fiber);
}

void discard_fiber(sched::FiberBlock* fiber) noexcept {
  recycle(*fiber);
}

void join_fiber(sched::FiberBlock* fiber) {
  if (!fiber)
    throw std::system_error(std::make_error_code(std::errc::invalid_argument),
                            "heddle::Fiber::join: there is no fiber to join");
  sched::Worker* worker = sched::current_worker();
  sched::FiberBlock* self = worker ? worker->current() : nullptr;
  if (fiber == self)
    throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                            "heddle::Fiber::join: a fiber cannot wait for its own end");
  if (!self) {
    sched::block_until_ended(*fiber);
    return recycle(*fiber);
  }
  if (fiber->joiner.load(std::memory_order_acquire) != sched::kEnded) {
    sched::note_wait(*worker, sched::kWaitsForEnd, fiber);
    worker = &sched::park(*worker, sched::wait_for_end, fiber);
  }
  const sched::CoreSection section(worker);
  worker->scheduler.recycle(section.worker(), *fiber);
}

void detach_fiber(sched::FiberBlock* fiber) noexcept {
  if (fiber->joiner.exchange(sched::kDetached, std::memory_order_acq_rel) == sched::kEnded) recycle(*fiber);
}

std::uint64_t fiber_number(const sched::FiberBlock* fiber) noexcept {
  return fiber->number;
}

}  // namespace detail

}  // namespace heddle
