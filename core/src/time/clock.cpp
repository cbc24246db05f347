#include "time/clock.hpp"

#include <heddle/clock.hpp>

#include <atomic>
#include <chrono>

namespace heddle {

namespace {

template <class Clock>
std::int64_t HEDDLE_CALL standard_clock() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

using Read = std::int64_t(HEDDLE_CALL*)();

std::atomic<Read> read_monotonic{standard_clock<std::chrono::steady_clock>};
std::atomic<Read> read_real{standard_clock<std::chrono::system_clock>};

}  // namespace

void time::use_clocks_of(const HeddleVdsoCaller* caller) noexcept {
  read_monotonic.store(caller ? caller->monotonic_ns : standard_clock<std::chrono::steady_clock>, std::memory_order_release);
  read_real.store(caller ? caller->realtime_ns : standard_clock<std::chrono::system_clock>, std::memory_order_release);
}

std::int64_t nanotime() noexcept {
  return read_monotonic.load(std::memory_order_relaxed)();
}

std::int64_t walltime() noexcept {
  return read_real.load(std::memory_order_relaxed)();
}

}  // namespace heddle
