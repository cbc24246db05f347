// See scene.hpp. scheduler.cpp is included for a variable of its own, which says what run() is under way.
#include "model/scene.hpp"

#include "base/last_report.hpp"
#include "sched/create_fiber.hpp"
#include "sched/scheduler.cpp"

#include <heddle/clock.hpp>

namespace heddle {

// What the core takes from rooms that are no part of the model.

std::int64_t nanotime() noexcept {
  return 0;
}

void detail::SpinLock::lock_slow() noexcept {
  held_.await(false, true);
}

void base::set_last_report(void (*)() noexcept) noexcept {}  // nobody reports here

void base::fatal(const char* message) {
  model::require(false, message);
  std::abort();  // in the set-up
}

namespace model {

namespace {

void* acting = nullptr;  // the worker in whose name the set-up does something

const HeddleTlsProvider tls{sizeof(HeddleTlsProvider),
                            0,
                            [](HeddleThread*) -> std::int32_t { return HEDDLE_OK; },
                            [] { return static_cast<HeddleThread*>(current() ? current() : acting); },
                            [] {},
                            [](void (*)(HeddleThread*)) -> std::int32_t { return HEDDLE_OK; },
                            [](HeddleThread*) {},
                            nullptr};
const HeddleVdsoCaller clock_that_stands{sizeof(HeddleVdsoCaller),
                                         0,
                                         "model",
                                         [] { return std::int64_t{0}; },
                                         [] { return std::int64_t{0}; },
                                         [](std::uintptr_t) { return std::int32_t{0}; },
                                         [](const char*) -> void* { return nullptr; }};

// Stacks from one execution to the next: there are thousands in a second.
std::vector<void*>& unused_stacks() {
  static std::vector<void*> all;
  return all;
}
std::int32_t reserve(std::size_t bytes, std::size_t, std::size_t count, void** out) {
  if (unused_stacks().empty()) unused_stacks().push_back(::operator new(bytes* count, std::align_val_t(4096)));
  *out = unused_stacks().back();
  unused_stacks().pop_back();
  return HEDDLE_OK;
}
void release(void* base, std::size_t, std::size_t) {
  unused_stacks().push_back(base);
}
// All of one size.
const HeddleStackMemory memory{sizeof(HeddleStackMemory), 4096, reserve, release, [](void*, std::size_t) {}, 0};

struct Body {
  std::function<void()> function;
  static void call(void* closure) { (*static_cast<std::function<void()>*>(closure))(); }
};

}  // namespace

Scene::Scene(Program& program, std::uint32_t workers, Requests requests) : scheduler(config(workers), interfaces()) {
  sched::internal::current_thread.store(interfaces().tls_provider->get);
  sched::running_scheduler.store(&scheduler);
  program.quiet(&sched::internal::current_thread, sizeof sched::internal::current_thread);
  program.quiet(&sched::running_scheduler, sizeof sched::running_scheduler);
  for (std::uint32_t index = 0; index < workers; ++index) {
    scheduler.workers_.push_back(std::make_unique<sched::Worker>(scheduler, switcher(), false));
    sched::Worker& worker = *scheduler.workers_.back();
    sched::Processor& own = processor(index);
    scheduler.enter_thread(worker);
    worker.processor = &own;
    own.worker.store(&worker);
    own.idle.store(false);
    // Counters, and what only the monitor reads.
    program.quiet(&own.counters, sizeof own.counters);
    program.quiet(&own.slices, sizeof own.slices);
    if (requests == Requests::kQuiet) program.quiet(&worker.poison, sizeof worker.poison);
  }
}

Scene::~Scene() {
  sched::running_scheduler.store(nullptr);
}

void Scene::on_worker(Program& program, std::size_t index, std::function<void(sched::Worker&)> body) {
  sched::Worker& self = worker(index);
  program.thread([&self, body = std::move(body)] { body(self); }, &self);
}

void Scene::as_worker(std::size_t index, const std::function<void(sched::Worker&)>& body) {
  acting = &worker(index);
  body(worker(index));
  acting = nullptr;
}

sched::FiberBlock& Scene::fiber(std::function<void()> body, bool detached) {
  void* place = nullptr;
  sched::FiberBlock& fiber = sched::create_fiber(scheduler, nullptr, {}, sizeof body, alignof(decltype(body)),
                                                 Body::call, &place);
  ::new (place) std::function<void()>(std::move(body));
  if (detached) fiber.joiner.store(sched::kDetached);
  return fiber;
}

void Scene::drain(sched::Worker& worker) {
  for (;;) {
    sched::FiberBlock* fiber = worker.processor->take_next();
    if (!fiber) fiber = worker.processor->queue.pop();
    if (!fiber) return;
    sched::run_fiber(worker, *fiber);
  }
}

std::uint64_t Scene::recycled() const {
  std::uint64_t ended = scheduler.ended_elsewhere_.load();
  for (const auto& processor : scheduler.processors()) ended += processor->counters.fibers_ended.load();
  return ended;
}

void Scene::has_searched(std::size_t index) {
  worker(index).searching = true;
  scheduler.searching_.fetch_add(1);
}

sched::Interfaces Scene::interfaces() {
  sched::Interfaces tables;
  tables.context_switcher = &switcher();
  tables.tls_provider = &tls;
  tables.vdso_caller = &clock_that_stands;
  tables.stack_memory = &memory;
  tables.cooperative = true;
  return tables;
}

Config Scene::config(std::uint32_t workers) {
  Config config;
  config.scheduler.processors = workers;
  config.stack.size = 16 << 10;
  config.stack.max_size = 64 << 10;
  config.stack.guard = false;
  return config;
}

}  // namespace model
}  // namespace heddle
