#include "sched/scheduler.hpp"

#include "base/fatal.hpp"
#include "base/forked_child.hpp"
#include "base/log.hpp"
#include "sched/census.hpp"
#include "sched/create_fiber.hpp"
#include "sched/fiber_local.hpp"
#include "sched/growth.hpp"
#include "sched/preemption.hpp"
#include "sched/split_stack.hpp"
#include "sched/switch.hpp"
#include "sched/visit.hpp"
#include "sched/wait_note.hpp"

#include <algorithm>
#include <cerrno>
#include <thread>

namespace heddle::sched {

namespace {

std::atomic<Scheduler*> running_scheduler{nullptr};

// What the main thread of a process usually has: it runs what used to be in main().
constexpr std::size_t kMainStackBytes = 8 << 20;

std::uint32_t processor_count(const Config& config) {
  if (config.scheduler.processors != 0) return config.scheduler.processors;
  return std::max(1u, std::thread::hardware_concurrency());
}

/// An address in each module that is the runtime's own: the core, and whatever provides an interface.
std::vector<const void*> own_code(const Interfaces& interfaces) {
  const auto address = [](auto* function) { return reinterpret_cast<const void*>(function); };
  std::vector<const void*> code{address(&preempted), address(interfaces.context_switcher->swap),
                                address(interfaces.tls_provider->get), address(interfaces.vdso_caller->monotonic_ns)};
  if (interfaces.delivery) code.push_back(address(interfaces.delivery->request));
  if (interfaces.injection) code.push_back(address(interfaces.injection->inject));
  return code;
}

/// The closure of the main fiber.
struct MainCall {
  Scheduler& scheduler;
  void (*function)(void* argument) noexcept;
  void* argument;

  static void body(void* closure) {
    const MainCall& call = *static_cast<MainCall*>(closure);
    call.function(call.argument);
    base::refuse_in_forked_child();
    destroy_local_values(*current_fiber());  // before the stop, after which a destructor that waits would not come back
    call.scheduler.stop();
  }
};

}  // namespace

Scheduler::Scheduler(const Config& config, const Interfaces& interfaces)
    : config_(config),
      interfaces_(interfaces),
      stacks_(interfaces.stack_memory, config.stack.size, config.stack.max_size, config.stack.guard, config.stack.release_after),
      // Twice, so that the largest call that is allowed finds room on one, with what lies beside it.
      segments_(interfaces.stack_memory, config.stack.size, 2 * stacks_.max_size(), config.stack.guard,
                config.stack.release_after),
      code_map_(interfaces.code_modules, config.preempter, own_code(interfaces)),
      monitor_(*this) {
  const std::uint32_t count = processor_count(config);
  for (std::uint32_t index = 0; index < count; ++index)
    processors_.push_back(std::make_unique<Processor>(index, count > 1, depot_));
  processors_.front()->sole = count == 1 && fence();
}

Scheduler::~Scheduler() {
  Visit::wait_for_all();
  forget_requests();
  // To LeakSanitizer, what the fibers that were left behind refer to is then no leak.
  if (!base::kAddressSanitizer || stats().fibers == 0) return;
  stacks_.abandon();
  segments_.abandon();
}

Scheduler* Scheduler::running() noexcept {
  return running_scheduler.load(std::memory_order_acquire);
}

void Scheduler::run(void (*function)(void*) noexcept, void* argument) {
  const FiberOptions options{.name = "main", .stack_size = std::min(kMainStackBytes, stacks_.max_size())};
  void* place = nullptr;
  FiberBlock& main = create_fiber(*this, nullptr, options, sizeof(MainCall), alignof(MainCall), MainCall::body, &place);
  ::new (place) MainCall{*this, function, argument};
  main.joiner.store(kDetached, std::memory_order_relaxed);
  note_woken(main);  // it is picked below
  for (auto processor = processors_.rbegin(); processor != processors_.rend(); ++processor) put_idle(**processor);
  {
    std::lock_guard lock(lock_);
    workers_.push_back(std::make_unique<Worker>(*this, *interfaces_.context_switcher, fence()));
  }
  note_time(interfaces_.vdso_caller->monotonic_ns());  // somebody may wait before anyone else reads the clock
  Worker& self = *workers_.front();
  self.comes_back = true;
  Processor& first = *take_any_idle();  // before the monitor begins: it sleeps while all are idle
  monitor_.start();                     // before the thread is bound: it may throw
  internal::current_thread.store(interfaces_.tls_provider->get, std::memory_order_release);
  running_scheduler.store(this, std::memory_order_release);
  run_is_up();
  enter_thread(self);
  self.processor = &first;
  first.worker.store(&self, std::memory_order_release);
  self.picked = &main;
  work(self);

  // Whoever has not seen the end coming and adds a worker, or starts its thread, has one of these locks; once they are free nobody does.
  for_each_worker([](const Worker&) {});
  { std::lock_guard starts(starting_); }
  // Each leaves its fiber where it next can.
  for (const auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
  end_borrowed();
  monitor_.stop();
  leave_thread(self);
  running_scheduler.store(nullptr, std::memory_order_release);
}

void Scheduler::forked(HeddleThread* thread) noexcept {
  if (!running()) return;
  base::note_forked_child();
  note_forked_worker(static_cast<Worker*>(thread));
  forget_requests();
  running_scheduler.store(nullptr, std::memory_order_relaxed);
}

void Scheduler::stop() noexcept {
  stopping_.store(true, std::memory_order_seq_cst);
  for (const auto& processor : processors_) processor->attention.store(true, std::memory_order_seq_cst);
  for_each_worker([](Worker& worker) { worker.parker.unpark_lasting(); });
  monitor_.wake();
}

void Scheduler::thread_main(Worker& worker) {
  enter_thread(worker);
  if (wait_for_processor(worker)) work(worker);
  leave_thread(worker);
}

void Scheduler::know_thread(Worker& worker) {
  base::check(interfaces_.tls_provider->bind(&worker) == HEDDLE_OK, "the port could not bind a worker to its thread");
  worker.bound.store(true, std::memory_order_release);
  worker.exception_globals = thread_exception_globals();
  worker.long_exception_globals = interfaces_.context_switcher->exception_globals_bytes >= kLongExceptionGlobals;
  worker.error_number = &errno;
  begin_stack_limit(worker);
}

void Scheduler::enter_thread(Worker& worker) {
  know_thread(worker);
  if (interfaces_.delivery) begin_interruptions(worker);
  if (watches_threads(interfaces_.fault_watch)) interfaces_.fault_watch->enter(&worker);
}

void Scheduler::begin_interruptions(Worker& worker) {
  if (interfaces_.delivery->enter(&worker) != HEDDLE_OK) {
    base::log(base::LogLevel::kWarning,
              "a worker's thread cannot be interrupted; its fibers give way at checkpoints only");
    return;
  }
  std::lock_guard lock(worker.request_lock);
  worker.interruptible = true;
}

void Scheduler::leave_thread(Worker& worker) {
  if (watches_threads(interfaces_.fault_watch)) interfaces_.fault_watch->leave(&worker);
  bool interruptible;
  {
    std::lock_guard lock(worker.request_lock);
    interruptible = std::exchange(worker.interruptible, false);
  }
  if (interruptible) interfaces_.delivery->leave(&worker);
  tools::forget_system(worker.tools);
  end_stack_limit(worker);
  interfaces_.tls_provider->clear();
}

bool Scheduler::put_first(Processor& processor, FiberBlock& fiber) {
  FiberBlock* before = processor.put_next(&fiber);
  if (!before) return true;
  if (!before->fresh || !processor.started.push(before)) push_behind(processor, *before);
  // Whoever takes the new one before he looks at the queues, and who goes idle then, must not both miss the old one.
  if (processor.queue.shared()) std::atomic_thread_fence(std::memory_order_seq_cst);  // see wake_one
  return false;
}

void Scheduler::push_ready(Worker& worker, FiberBlock& fiber) {
  put_first(*worker.processor, fiber);
  find_processor(&worker);
}

void Scheduler::push_started(Worker& worker, FiberBlock& fiber) {
  const bool first = put_first(*worker.processor, fiber);
  // Where one waits already, the monitor knows when the slice ends. A new one makes that no earlier.
  if (first || has_idle_processor()) find_processor(&worker);
}

void Scheduler::push_in_turn(Worker& worker, FiberBlock& fiber) {
  Processor& processor = *worker.processor;
  if (!processor.next.load(std::memory_order_relaxed)) return push_ready(worker, fiber);
  push_behind(processor, fiber);
  if (processor.queue.shared()) std::atomic_thread_fence(std::memory_order_seq_cst);  // see wake_one
  find_processor(&worker);
}

void Scheduler::push_behind(Processor& processor, FiberBlock& fiber) {
  if (processor.queue.push(&fiber)) [[likely]]
    return;
  // The ring is full: half of it goes where every processor finds it, and the fiber behind that.
  std::array<FiberBlock*, RunQueue::kCapacity / 2> spilled;
  const std::uint32_t number = processor.queue.take_half(spilled);
  for (std::uint32_t index = 0; index + 1 < number; ++index) spilled[index]->link = spilled[index + 1];
  fiber.link = nullptr;
  if (number != 0) spilled[number - 1]->link = &fiber;
  global_.push_chain(number != 0 ? spilled[0] : &fiber, &fiber, number + 1);
}

void Scheduler::push_global(FiberBlock& fiber) {
  global_.push(&fiber);
}

void Scheduler::push_preempted(Worker& worker, FiberBlock& fiber) {
  // Whose slice is used up queues behind all that wait for any processor. Who only made room for one that was woken has a turn coming: those
  // that stay on the processor are not to gain by it.
  if (worker.ended_for == Beneficiary::kAnyone) {
    global_.push(&fiber);
  } else {
    push_behind(*worker.processor, fiber);
  }
}

void Scheduler::push_woken(FiberBlock& fiber) {
  global_.push_woken(&fiber);
  find_processor(nullptr);
}

bool Scheduler::has_other_work(Worker& worker) {
  Processor& processor = *worker.processor;
  if (processor.attention.load(std::memory_order_relaxed) && !attend(processor)) return true;
  return processor.has_ready() || global_size() != 0;
}

FiberBlock& Scheduler::make_fiber(Worker* worker, std::size_t stack_size) {
  Processor* processor = nullptr;
  if (worker) processor = worker->processor;
  const bool usual = stack_size == 0 || stacks_.round(stack_size) == stacks_.default_size();
  FiberBlock* fiber = !usual      ? make_fiber_block(stacks_, stack_size)
                      : processor ? processor->fibers.take()
                                  : depot_.take_one();
  if (processor) {
    sched::count(processor->counters.fibers_created);
    fiber->number = processor->fibers.new_number();
  } else {
    created_elsewhere_.fetch_add(1, std::memory_order_relaxed);
    fiber->number = FiberCache::new_shared_number();
  }
  return *fiber;
}

void Scheduler::recycle(Worker* worker, FiberBlock& fiber) noexcept {
  end_use(fiber);
  release_segments(*this, fiber);
  tools::gone(fiber.tools, fiber.stack, &fiber);
  const bool usual = static_cast<std::size_t>(fiber.stack.hi - fiber.stack.base) == stacks_.default_size();
  Processor* processor = nullptr;
  if (worker) processor = worker->processor;
  count_end(worker);
  if (processor && usual) {
    processor->fibers.put(&fiber);
  } else {
    release_fiber_block(stacks_, &fiber);
    if (!processor) monitor_.notice_idle_stack();
  }
}

void Scheduler::count_end(Worker* worker) noexcept {
  if (Processor* processor = worker ? static_cast<Processor*>(worker->processor) : nullptr) {
    sched::count(processor->counters.fibers_ended);
  } else {
    ended_elsewhere_.fetch_add(1, std::memory_order_relaxed);
  }
}

std::uint64_t Scheduler::wakes() const {
  std::uint64_t wakes = global_.wakes();
  for (const auto& processor : processors_) wakes += processor->counters.wakes.load(std::memory_order_relaxed);
  return wakes;
}

Stats Scheduler::stats() const {
  Stats stats{};
  // Before those that were created: so none counts as ended and not as created.
  std::uint64_t ended = ended_elsewhere_.load(std::memory_order_relaxed);
  for (const auto& processor : processors_) ended += processor->counters.fibers_ended.load(std::memory_order_acquire);
  stats.fibers_created = created_elsewhere_.load(std::memory_order_relaxed);
  for (const auto& processor : processors_) {
    const ProcessorCounters& counters = processor->counters;
    stats.fibers_created += counters.fibers_created.load(std::memory_order_relaxed);
    stats.switches += counters.switches.load(std::memory_order_relaxed);
    stats.steals += counters.steals.load(std::memory_order_relaxed);
    stats.preemptions += counters.preemptions.load(std::memory_order_relaxed);
    stats.cooperative_preemptions += counters.cooperative_preemptions.load(std::memory_order_relaxed);
    stats.timers_fired += counters.timers_fired.load(std::memory_order_relaxed);
  }
  stats.fibers = stats.fibers_created - ended;
  stats.world_stops = stops_.world_stops();
  stats.stopped_fibers = stops_.stopped_fibers();
  stats.processors = processors_.size();
  stats.idle_processors = idle_count_.load(std::memory_order_relaxed);
  stats.preemption_requests = preemption_requests_.load(std::memory_order_relaxed);
  stats.refused_preemptions = refusals_.load(std::memory_order_relaxed);
  stats.rescues = rescues_.load(std::memory_order_relaxed);
  std::lock_guard lock(lock_);
  stats.borrowed_workers = borrowed_.size() + unbound_.size();
  stats.workers = workers_.size() - retired_;
  return stats;
}

}  // namespace heddle::sched

heddle::Stats heddle::stats() noexcept {
  const sched::Scheduler* scheduler = sched::Scheduler::running();
  return scheduler ? scheduler->stats() : Stats{};
}
