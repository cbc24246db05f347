// See scenario.hpp.
#include "runtime/scenario.hpp"

#include <heddle/fibers.hpp>
#include <heddle/lock_thread.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iostream>

void heddle::PrintTo(Resume resume, std::ostream* out) {
  *out << (resume == Resume::kSameThread ? "same-thread" : "any-thread");
}

namespace heddle::test {

const char* const kPreemptive = HEDDLE_TEST_STRATEGY;

std::vector<std::string> preemptive_strategies() {
  if (std::string(kPreemptive) == "signal") return {"signal", "timer"};
  return {kPreemptive};
}

std::vector<std::string> strategies_but_none() {
  std::vector<std::string> strategies = preemptive_strategies();
  strategies.emplace_back("cooperative");
  return strategies;
}

Config config(const std::string& strategy, std::uint32_t processors, Resume resume) {
  Config config = Config::find();
  config.preempter.strategy = strategy;
  config.preempter.resume = resume;
  config.scheduler.processors = processors;
  return config;
}

std::uint64_t seed() {
  const char* given = std::getenv("TEST_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 0) : 20240607;
  std::cout << "seed: TEST_SEED=" << seed << std::endl;
  return seed;
}

std::size_t scaled(std::size_t count) {
  const char* scale = std::getenv("HEDDLE_STRESS_SCALE");
  const double factor = scale ? std::strtod(scale, nullptr) : 1;
  return std::max<std::size_t>(1, static_cast<std::size_t>(static_cast<double>(count) * factor));
}

std::uint64_t spin(std::uint64_t rounds) {
  std::uint64_t x = rounds;
  for (std::uint64_t i = 0; i < rounds; ++i) {
    x = x * 6364136223846793005U + 1442695040888963407U;
    asm volatile("" : "+r"(x));
  }
  return x;
}

bool waits(FiberId id, const std::string& what) {
  const std::vector<FiberInfo> all = fibers();
  return std::any_of(all.begin(), all.end(), [&](const FiberInfo& info) {
    return info.id == id && info.state == FiberState::kWaiting && info.waits_for.starts_with(what);
  });
}

LockThread* lock_thread_for_good() {
  alignas(LockThread) static std::byte storage[sizeof(LockThread)];
  return new (storage) LockThread;
}

std::uintptr_t stack_here() {
  return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));  // not of a local, which a sanitizer may put elsewhere
}

int read_errno() {
  return errno;
}
void write_errno(int value) {
  errno = value;
}

std::uintptr_t this_thread() {
  thread_local char here;
  return reinterpret_cast<std::uintptr_t>(&here);
}

}  // namespace heddle::test
