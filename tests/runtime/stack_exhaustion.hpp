// Something that stacks need runs out: what all such tests have in common.
#pragma once

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <cstddef>
#include <string>
#include <system_error>
#include <vector>

namespace heddle::test {

/// Makes fibers that wait, until one cannot be made, twice over: what the exception says has every part of `reason`, those that there are
/// go on, and when some have ended there is room for as many. REQUIRES: called in a fiber, on the only processor.
inline void exhaust(const FiberOptions& options, const std::vector<std::string>& reason) {
  constexpr std::size_t kFirst = 50;
  for (int round = 0; round < 2; ++round) {
    Channel<int> first_gate;
    Channel<int> gate;
    std::size_t woken = 0;
    std::vector<Fiber> fibers;
    fibers.reserve(100'000);
    const auto make = [&](Channel<int>& mine) {
      fibers.emplace_back(options, [&mine, &woken] {
        mine.receive();
        ++woken;
      });
    };
    const auto make_until_refused = [&] {
      try {
        for (;;) make(fibers.size() < kFirst ? first_gate : gate);
      } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::not_enough_memory);
        for (const std::string& part : reason)
          EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
      }
    };
    make_until_refused();
    const std::size_t most = fibers.size();
    ASSERT_GT(most, 2 * kFirst);
    for (int i = 0; i < 1000; ++i) EXPECT_THROW(make(gate), std::system_error);
    this_fiber::yield();  // those that there are begin only now
    first_gate.close();
    fibers.erase(fibers.begin(), fibers.begin() + kFirst);
    EXPECT_EQ(woken, kFirst);
    while (fibers.size() < most) make(gate);
    gate.close();
    fibers.clear();
    EXPECT_EQ(woken, most + kFirst);
  }
}

}  // namespace heddle::test
