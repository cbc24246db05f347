#include "model/machine.hpp"

#include "model/history.hpp"
#include "model/tree.hpp"

#include <heddle/port/context_switcher.h>
#include <heddle/port/port.h>

#include <boost/dll/shared_library.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

namespace heddle::model {

namespace {

constexpr std::size_t kStackBytes = 128 << 10;

// How often a thread may see the same store of a place although there is a newer one. Without a limit a loop that waits would
// have endlessly many ways.
constexpr int kStaleLooks = 2;

const HeddleContextSwitcher& find_switcher() {
  static const HeddleHost host{sizeof(HeddleHost),
                               HEDDLE_ABI_VERSION,
                               [](std::int32_t, const char*) {},
                               [](const char*) -> const char* { return nullptr; },
                               [](HeddleThread*, void*) -> std::int32_t { return HEDDLE_E_NO_WORKER; },
                               [] {},
                               [](HeddleThread*) {},
                               [](const HeddleContext*, void*) -> HeddleSegment* { return nullptr; }};
  const char* const path = std::getenv("HEDDLE_MODEL_PORT");
  if (!path) {
    std::fputs("HEDDLE_MODEL_PORT must name the port of this machine; ctest does that\n", stderr);
    std::exit(2);
  }
  static boost::dll::shared_library library(path);
  const auto query = library.get<const HeddlePort*(std::uint32_t)>(HEDDLE_PORT_QUERY_NAME);
  const HeddlePort* const port = query(HEDDLE_ABI_VERSION);
  if (port->open(&host) != HEDDLE_OK) std::exit(2);
  return *static_cast<const HeddleContextSwitcher*>(port->get_interface(HEDDLE_CONTEXT_SWITCHER_IID));
}

struct Thread {
  explicit Thread(std::function<void()> body, void* worker) : body(std::move(body)), worker(worker) {}

  std::function<void()> body;
  void* worker;
  HeddleContext context{};
  Step step{};                           // the next one, before which it has stopped
  const std::uint64_t* waits = nullptr;  // for an await: the latest value of the place
  std::uint64_t awaited = 0;
  bool ended = false;
  Knowledge knows;
  struct Look {
    std::uint32_t number = 0;
    int times = 0;
  };
  std::vector<Look> looks;  // by place

  bool can_go_on() const {
    if (ended) return false;
    if (step.kind == Step::Kind::kAwait) return *waits == awaited;
    if (step.kind == Step::Kind::kAwaitOther) return *waits != awaited;
    return true;
  }
};

/// Stacks, used again in each execution.
std::byte* stack(std::size_t index) {
  static std::vector<std::unique_ptr<std::byte[]>> stacks;
  while (stacks.size() <= index) stacks.push_back(std::make_unique<std::byte[]>(kStackBytes));
  return stacks[index].get();
}

/// Ends a Program::finally that require() found at fault. A thread of the program is just not resumed.
struct Failed {};

const char* name(Step::Kind kind) {
  static constexpr const char* kNames[] = {"begins", "loads",  "stores to",         "changes",
                                           "fence",  "awaits", "awaits a change of"};
  return kNames[static_cast<int>(kind)];
}

}  // namespace

/// One for the process; everything happens on one OS thread.
class Machine {
 public:
  Result explore(const std::function<void(Program&)>& set_up, const Options& options) {
    options_ = options;
    tree_ = {};
    failure_.clear();
    Result result;
    std::size_t tried = 0;
    do {
      Program program;
      if (execute(program, set_up)) ++result.executions;
      if (failure_.empty() && ++tried == options.most)
        failure_ = "there are more than " + std::to_string(tried) + " ways";
    } while (failure_.empty() && tree_.next());
    if (!failure_.empty()) result.failure = failure_ + "\n" + trace_;
    return result;
  }

  std::uint64_t load(Place& place, const void* address, std::uint64_t latest, std::memory_order order) {
    if (!steps(address)) return latest;
    const std::uint32_t index = index_of(place, latest);
    stop_before({Step::Kind::kLoad, index, order = weakened(order, true)});
    return see(index, choose_store(index, order, std::nullopt), order);
  }

  void store(Place& place, const void* address, std::uint64_t& latest, std::uint64_t value, std::memory_order order) {
    if (steps(address)) {
      const std::uint32_t index = index_of(place, latest);
      stop_before({Step::Kind::kStore, index, order = weakened(order, false)});
      memory_.store(running_->knows, index, value, order, false);
      note(value);
    }
    latest = value;
  }

  std::pair<std::uint64_t, bool> change(Place& place, const void* address, std::uint64_t& latest, const Change& change,
                                        std::memory_order order) {
    if (!steps(address)) {
      const std::uint64_t old = latest;
      const bool applies = !change.conditional || old == change.wanted;
      if (applies) latest = change.apply(old, change.operand);
      return {old, applies};
    }
    const std::uint32_t index = index_of(place, latest);
    stop_before({Step::Kind::kChange, index, order = weakened(order, true)});
    if (change.conditional) {
      // It may fail because of a store that is not the newest.
      const std::uint32_t number = choose_store(index, change.failure, change.wanted);
      const bool newest = number == memory_.newest(index);
      if (!newest || memory_.stores(index)[number].value != change.wanted)
        return {see(index, number, weakened(change.failure, true)), false};
    }
    const std::uint64_t old = memory_.load(running_->knows, index, memory_.newest(index), order);
    latest = change.apply(old, change.operand);
    memory_.store(running_->knows, index, latest, order, true);
    note(latest);
    return {old, true};
  }

  void fence(std::memory_order order) {
    if (!running_) return;
    stop_before({Step::Kind::kFence, 0, order = weakened(order, false)});
    memory_.fence(running_->knows, order);
    note(0);
  }

  void await(Place& place, std::uint64_t& latest, std::uint64_t wanted, std::uint64_t value) {
    if (running_) {
      const std::uint32_t index = index_of(place, latest);
      running_->waits = &latest;
      running_->awaited = wanted;
      stop_before({Step::Kind::kAwait, index, std::memory_order_acq_rel});
      memory_.load(running_->knows, index, memory_.newest(index), std::memory_order_acq_rel);
      memory_.store(running_->knows, index, value, std::memory_order_acq_rel, true);
      note(value);
    }
    latest = value;
  }

  void await_other(Place& place, const std::uint64_t& latest, std::uint64_t seen) {
    if (!running_) return;
    const std::uint32_t index = index_of(place, latest);
    running_->waits = &latest;
    running_->awaited = seen;
    stop_before({Step::Kind::kAwaitOther, index, std::memory_order_relaxed});
    note(latest);
  }

  void require(bool holds, const char* what) {
    if (holds || !failure_.empty()) return;
    failure_ = what;
    if (!running_) throw Failed{};
    leave();
  }

  void* current() const { return running_ ? running_->worker : nullptr; }
  bool has_ended(std::size_t thread) const { return threads_.at(thread).ended; }

 private:
  /// False if it was cut short because it would have been like another one.
  bool execute(Program& program, const std::function<void(Program&)>& set_up) {
    ++execution_;
    memory_.forget();
    threads_.clear();
    sleepers_.clear();
    trace_.clear();
    last_ = nullptr;
    preemptions_ = 0;
    set_up(program);
    program_ = &program;
    threads_.reserve(program.threads_.size());
    for (Program::Body& body : program.threads_) {
      Thread& thread = threads_.emplace_back(std::move(body.function), body.worker);
      std::byte* const lo = stack(threads_.size() - 1);
      switcher().make(&thread.context, lo, lo + kStackBytes, enter, &thread);
    }
    while (failure_.empty()) {
      const std::optional<std::size_t> thread = pick();
      if (!thread) break;
      if (*thread == kRedundant) return false;
      resume(threads_[*thread]);
    }
    if (failure_.empty()) finish(program);
    return true;
  }

  void finish(const Program& program) {
    for (std::size_t thread = 0; thread < threads_.size() && !program.may_block_; ++thread) {
      if (!threads_[thread].ended) failure_ = "thread " + std::to_string(thread) + " is blocked for ever";
    }
    if (!failure_.empty() || !program.check_) return;
    try {
      program.check_();
    } catch (const Failed&) {  // what failed is noted
    }
  }

  /// Nothing when no thread can go on.
  std::optional<std::size_t> pick() {
    std::vector<Tree::Option> options;
    bool any = false;
    for (std::size_t thread = 0; thread < threads_.size(); ++thread) {
      if (!threads_[thread].can_go_on()) continue;
      any = true;
      const bool asleep = std::any_of(sleepers_.begin(), sleepers_.end(),
                                      [&](const Sleeper& sleeper) { return sleeper.thread == thread; });
      if (!asleep) options.push_back({thread, threads_[thread].step});
    }
    if (!any) return std::nullopt;
    if (options.empty()) return kRedundant;
    if (options_.preemptions >= 0) return pick_bounded(options);
    return tree_.pick_thread(options, sleepers_);
  }

  std::size_t pick_bounded(const std::vector<Tree::Option>& options) {
    const bool could_go_on = last_ && last_->can_go_on();
    if (could_go_on && preemptions_ == options_.preemptions) return static_cast<std::size_t>(last_ - threads_.data());
    const std::size_t thread = options[tree_.pick(options.size())].choice;
    if (could_go_on && &threads_[thread] != last_) ++preemptions_;
    return thread;
  }

  void resume(Thread& thread) {
    running_ = last_ = &thread;
    switcher().swap(&main_, &thread.context, &thread);
    running_ = nullptr;
  }

  static void HEDDLE_CALL enter(void*, void* argument) {
    Thread& thread = *static_cast<Thread*>(argument);
    thread.body();
    thread.ended = true;
    instance().leave();
  }

  /// To explore(), for good.
  void leave() {
    HeddleContext gone;
    switcher().swap(&gone, &main_, nullptr);
  }

  void stop_before(const Step& step) {
    running_->step = step;
    switcher().swap(&running_->context, &main_, nullptr);
  }

  /// Is this an operation that others may come before?
  bool steps(const void* address) const {
    if (!running_) return false;
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    return std::none_of(program_->quiet_.begin(), program_->quiet_.end(),
                        [at](const auto& range) { return at >= range.first && at < range.second; });
  }

  std::uint32_t index_of(Place& place, std::uint64_t latest) {
    if (place.execution != execution_) place = {execution_, memory_.add(latest)};
    return place.index;
  }

  /// The number of the store to be seen: the newest, or an older one that may still be seen and, for an exchange that fails,
  /// does not hold `unwanted`.
  std::uint32_t choose_store(std::uint32_t place, std::memory_order order, std::optional<std::uint64_t> unwanted) {
    const std::uint32_t newest = memory_.newest(place);
    std::vector<std::uint32_t> numbers{newest};
    if (running_->looks.size() <= place) running_->looks.resize(place + 1);
    Thread::Look& look = running_->looks[place];
    for (std::uint32_t number = newest; number-- > memory_.oldest_for(running_->knows, place, order);) {
      if (unwanted && memory_.stores(place)[number].value == *unwanted) continue;
      if (look.number == number && look.times >= kStaleLooks) break;
      numbers.push_back(number);
    }
    const std::uint32_t number = numbers[tree_.pick(numbers.size())];
    look = {number, number == newest ? 0 : look.number == number ? look.times + 1 : 1};
    return number;
  }

  std::uint64_t see(std::uint32_t place, std::uint32_t number, std::memory_order order) {
    const std::uint64_t value = memory_.load(running_->knows, place, number, order);
    note(value, memory_.newest(place) - number);
    return value;
  }

  std::memory_order weakened(std::memory_order order, bool reads) const {
    if (is_seq_cst(order) && options_.weaken_seq_cst) order = std::memory_order_acq_rel;
    if (reads && acquires(order) && !is_seq_cst(order) && options_.weaken_acquire)
      order = releases(order) ? std::memory_order_release : std::memory_order_relaxed;
    if (releases(order) && !is_seq_cst(order) && options_.weaken_release)
      order = acquires(order) && order != std::memory_order_release ? std::memory_order_acquire : std::memory_order_relaxed;
    return order;
  }

  void note(std::uint64_t value, std::uint32_t behind = 0) {
    char line[120];
    const Step& step = running_->step;
    std::snprintf(line, sizeof line, "  thread %zu %s place %u: %#llx%s\n",
                  static_cast<std::size_t>(running_ - threads_.data()), name(step.kind), step.place,
                  static_cast<unsigned long long>(value), behind != 0 ? " (an older store)" : "");
    trace_ += line;
  }

  static Machine& instance() {
    static Machine machine;
    return machine;
  }
  friend Machine& machine();

  static constexpr std::size_t kRedundant = ~std::size_t{0};

  Options options_;
  Tree tree_;
  Memory memory_;
  std::vector<Thread> threads_;
  Sleepers sleepers_;
  Program* program_ = nullptr;
  Thread* running_ = nullptr;
  Thread* last_ = nullptr;
  HeddleContext main_{};
  int preemptions_ = 0;
  std::uint32_t execution_ = 0;
  std::string failure_;
  std::string trace_;
};

Machine& machine() {
  return Machine::instance();
}

Program::~Program() {
  for (auto kept = kept_.rbegin(); kept != kept_.rend(); ++kept) kept->destroy(kept->object);
}

void Program::thread(std::function<void()> body, void* worker) {
  threads_.push_back({std::move(body), worker});
}

void Program::quiet(const void* address, std::size_t bytes) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  quiet_.emplace_back(at, at + bytes);
}

std::uint64_t load(Place& place, const void* address, std::uint64_t& latest, std::memory_order order) {
  return machine().load(place, address, latest, order);
}
void store(Place& place, const void* address, std::uint64_t& latest, std::uint64_t value, std::memory_order order) {
  machine().store(place, address, latest, value, order);
}
std::pair<std::uint64_t, bool> change(Place& place, const void* address, std::uint64_t& latest, const Change& change,
                                      std::memory_order order) {
  return machine().change(place, address, latest, change, order);
}
void fence(std::memory_order order) {
  machine().fence(order);
}
void await(Place& place, std::uint64_t& latest, std::uint64_t wanted, std::uint64_t value) {
  machine().await(place, latest, wanted, value);
}
void await_other(Place& place, const std::uint64_t& latest, std::uint64_t seen) {
  machine().await_other(place, latest, seen);
}
void require(bool holds, const char* what) {
  machine().require(holds, what);
}
void* current() {
  return machine().current();
}
bool has_ended(std::size_t thread) {
  return machine().has_ended(thread);
}
const HeddleContextSwitcher& switcher() {
  static const HeddleContextSwitcher& table = find_switcher();
  return table;
}
Result explore(const std::function<void(Program& program)>& set_up, const Options& options) {
  return machine().explore(set_up, options);
}

}  // namespace heddle::model
