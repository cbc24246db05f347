// The doctor's trials of a port's tables, one by one and without a runtime.
#include "base/paths.hpp"
#include "cli/doctor.hpp"
#include "cli/host.hpp"
#include "cli/text.hpp"
#include "port/loader.hpp"

#include <fmt/format.h>
#include <array>
#include <cfenv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>
#include <vector>

namespace heddle::cli {

namespace {

using Clock = std::chrono::steady_clock;

double ns_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

port::LoadedPort opened(const Config& config) {
  return port::load(config, host(config));
}

Finding try_port(const Config& config) {
  try {
    const port::LoadedPort port = opened(config);
    return {true, fmt::format("{} {}, {}", port.descriptor->id, port.descriptor->version, base::text_of(port.path))};
  } catch (const PortError& error) {
    return {false, error.what(), "`heddle ports` lists what was found and why it cannot be used."};
  }
}

// A context that counts each visit in what it is handed, under a rounding mode of its own.
struct Pair {
  const HeddleContextSwitcher& switcher;
  HeddleContext here{};
  HeddleContext there{};
};

void HEDDLE_CALL count_visits(void* transfer, void* argument) {
  Pair& pair = *static_cast<Pair*>(argument);
  std::fesetround(FE_UPWARD);
  for (;;) {
    ++*static_cast<std::uint64_t*>(transfer);
    transfer = pair.switcher.swap(&pair.there, &pair.here, transfer);
  }
}

Finding try_context_switcher(const Config& config) {
  constexpr std::uint64_t kTurns = 100'000;
  Pair pair{*opened(config).context_switcher};
  std::vector<char> stack(config.stack.size + pair.switcher.frame_bytes);
  pair.switcher.make(&pair.there, stack.data(), stack.data() + stack.size(), count_visits, &pair);
  std::uint64_t visits = 0;
  bool same = true;
  const Clock::time_point start = Clock::now();
  for (std::uint64_t turn = 0; turn < kTurns; ++turn)
    same &= pair.switcher.swap(&pair.here, &pair.there, &visits) == &visits;
  const double each = ns_since(start) / (2.0 * kTurns);
  if (!same || visits != kTurns) return {false, "a value that was handed over in a switch did not arrive", kPortFault};
  if (std::fegetround() != FE_TONEAREST)
    return {false, "a switch leaks the rounding mode of one context into the other", kPortFault};
  return {true, fmt::format("{} switches, {} each", count_text(2 * kTurns), cost_text(each))};
}

Finding try_tls_provider(const Config& config) {
  constexpr int kReads = 500'000;
  const HeddleTlsProvider& tls = *opened(config).tls_provider;
  HeddleThread thread{};
  if (const std::int32_t error = tls.bind(&thread); error != HEDDLE_OK)
    return {false, fmt::format("binding a thread failed with {}", error), "What the port logged says why."};
  int right = 0;
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < kReads; ++i) right += tls.get() == &thread;
  const double each = ns_since(start) / kReads;
  const HeddleThread* elsewhere = &thread;
  std::thread([&] { elsewhere = tls.get(); }).join();
  tls.clear();
  if (right != kReads) return {false, "a bound thread did not find itself", kPortFault};
  if (elsewhere) return {false, "a thread that was never bound found another's worker", kPortFault};
  if (tls.get()) return {false, "a cleared slot still holds a worker", kPortFault};
  return {true, fmt::format("a thread finds its worker, another finds none, {} a look", cost_text(each))};
}

Finding try_vdso_caller(const Config& config) {
  constexpr int kReads = 100'000;
  const HeddleVdsoCaller& clock = *opened(config).vdso_caller;
  std::int64_t last = clock.monotonic_ns();
  const std::int64_t first = last;
  const Clock::time_point start = Clock::now();
  int backwards = 0;
  for (int i = 0; i < kReads; ++i) {
    const std::int64_t now = clock.monotonic_ns();
    backwards += now < last;
    last = now;
  }
  const double passed = ns_since(start);
  const double read = static_cast<double>(last - first);
  if (backwards > 0) return {false, fmt::format("the monotonic clock went back {} times", backwards), kPortFault};
  if (read < passed / 2 || read > passed * 2)
    return {false, fmt::format("the clock advanced {} while {} passed", cost_text(read), cost_text(passed)), kPortFault};
  const bool slow = config.vdso_caller != "syscall" && std::string_view(clock.source) == "syscall";
  return {true, fmt::format("source {}: never goes back, {} a reading", clock.source, cost_text(passed / kReads)),
          slow ? "The port finds no faster source here, so each reading costs a system call." : ""};
}

struct Stacks {
  const HeddleStackMemory& memory;
  std::size_t bytes;
  std::size_t guard;
  std::size_t count;
  void* base = nullptr;

  Stacks(const HeddleStackMemory& table, const Config& config, std::size_t how_many)
      : memory(table),
        bytes(config.stack.size / table.page_bytes * table.page_bytes + table.page_bytes),
        guard(config.stack.guard ? table.page_bytes : 0),
        count(how_many) {
    if (const std::int32_t error = memory.reserve(bytes, guard, count, &base); error != HEDDLE_OK)
      throw std::runtime_error(fmt::format("reserving {} stacks of {} failed with {}", count, size_text(bytes), error));
  }
  ~Stacks() { memory.release(base, bytes, count); }
  Stacks(const Stacks&) = delete;
  Stacks& operator=(const Stacks&) = delete;

  volatile char* low(std::size_t index) const { return static_cast<char*>(base) + index * bytes; }
};

// Uses half of the stack that it runs on, from the top down as calls do: not every system gives a stack its memory in any order.
struct Descent {
  const HeddleContextSwitcher& switcher;
  std::size_t page;
  volatile char* low;
  HeddleContext here{};
  HeddleContext there{};
};

void HEDDLE_CALL descend(void*, void* argument) {
  Descent& self = *static_cast<Descent*>(argument);
  auto* at = static_cast<volatile char*>(__builtin_frame_address(0));
  for (volatile char* half = self.low + (at - self.low) / 2; at > half; at -= self.page) *(at - self.page) = 1;
  self.switcher.swap(&self.there, &self.here, nullptr);
}

Finding try_stack_memory(const Config& config) {
  constexpr std::size_t kCount = 1000;
  const port::LoadedPort port = opened(config);
  const HeddleStackMemory* memory = port.stack_memory;
  if (!memory) return {true, "the port has none", "Stacks come from the heap, and no guard lies below them."};
  const Clock::time_point start = Clock::now();
  const Stacks stacks(*memory, config, kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    Descent descent{*port.context_switcher, memory->page_bytes, stacks.low(i) + stacks.guard};
    descent.switcher.make(&descent.there, const_cast<char*>(descent.low), const_cast<char*>(stacks.low(i + 1)), descend,
                          &descent);
    descent.switcher.swap(&descent.here, &descent.there, nullptr);
  }
  return {true, fmt::format("{} stacks of {}, reserved and half of each used in {}", count_text(kCount),
                            size_text(stacks.bytes), cost_text(ns_since(start) / kCount))};
}

// Only the exit status can carry the finding: a fault cannot be returned from, and next to nothing may be called here.
void guard_held(int) {
  std::_Exit(kGuardHeld);
}

Finding try_stack_guard(const Config& config) {
  const HeddleStackMemory* memory = opened(config).stack_memory;
  if (!memory || !config.stack.guard)
    return {true, "none, as configured", "A fiber that overflows its stack will write into other memory."};
  const Stacks stacks(*memory, config, 2);
  std::signal(SIGSEGV, guard_held);
  stacks.low(1)[stacks.guard - 1] = 1;
  std::signal(SIGSEGV, SIG_DFL);
  return {false, "a write below a stack went through: its guard does not hold", kPortFault};
}

Finding try_code_modules(const Config& config) {
  const HeddleCodeModules* modules = opened(config).code_modules;
  if (!modules)
    return {true, "the port has none", "Nothing is preempted between two instructions: only checkpoints give way."};
  struct Count {
    int all = 0;
    int system = 0;
    bool self = false;
  } count;
  modules->enumerate(
      [](const HeddleCodeModule* module, void* argument) {
        Count& count = *static_cast<Count*>(argument);
        const auto here = reinterpret_cast<std::uintptr_t>(&try_code_modules);
        ++count.all;
        count.system += module->kind == HEDDLE_CODE_SYSTEM;
        count.self |= module->kind == HEDDLE_CODE_PROGRAM && module->lo <= here && here < module->hi;
      },
      &count);
  if (!count.self) return {false, "this program's own code is not among the modules", kPortFault};
  return {true, fmt::format("{} pieces of code are loaded; {} of them belong to the system and are never preempted",
                            count.all, count.system)};
}

Finding try_injected_call(const Config& config) {
  const HeddlePreempter* injector = opened(config).injector;
  if (!injector) return {true, "none: nothing is interrupted under strategy " + config.preempter.strategy};
  const std::string seen = fmt::format("an interruption takes {} of a fiber's stack, and stacks have {}",
                                       size_text(injector->inject_bytes), size_text(config.stack.size));
  if (injector->inject_bytes < config.stack.size) return {true, seen};
  return {false, seen, "No fiber can be interrupted between checkpoints; raise stack.size."};
}

constexpr std::array kTrials = {
    Trial{"port", try_port},
    Trial{"ContextSwitcher", try_context_switcher},
    Trial{"TlsProvider", try_tls_provider},
    Trial{"VdsoCaller", try_vdso_caller},
    Trial{"StackMemory", try_stack_memory},
    Trial{"stack guard", try_stack_guard},
    Trial{"stack growth", try_growth},
    Trial{"CodeModules", try_code_modules},
    Trial{"injected call", try_injected_call},
    Trial{"foreign call", try_foreign_call},
    Trial{"callback", try_callback},
    Trial{"foreign thread", try_foreign_thread},
    Trial{"Preempter", try_preempter},
};

}  // namespace

std::span<const Trial> trials() {
  return kTrials;
}

}  // namespace heddle::cli
