// 100,000 exceptions, thrown, caught, nested and rethrown with switches at every step.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

namespace heddle::test {
namespace {

constexpr int kThrowers = 50;
constexpr int kRounds = 500;
constexpr int kThrowsOfARound = 4;
static_assert(kThrowers * kRounds * kThrowsOfARound == 100'000);

struct Tagged : std::runtime_error {
  explicit Tagged(int tag) : std::runtime_error(std::to_string(tag)), tag(tag) {}
  int tag;
};

struct Yields {
  ~Yields() { this_fiber::yield(); }
};

[[gnu::noinline]] void throw_through_frames(int depth, int tag) {
  const Yields on_the_way_out;
  if (depth == 0) throw Tagged(tag);
  throw_through_frames(depth - 1, tag);
}

/// Throws four exceptions, of which the last two are rethrown from inside the handlers of the first two. Returns how
/// many were caught with the value they were thrown with.
int one_round(int tag) {
  int right = 0;
  try {
    throw_through_frames(3, tag);
  } catch (const Tagged& first) {
    this_fiber::yield();
    try {
      try {
        throw std::string(std::to_string(tag + 1));
      } catch (const std::string& second) {
        this_fiber::yield();
        right += second == std::to_string(tag + 1);
        throw;
      }
    } catch (const std::string& second) {
      this_fiber::yield();
      right += second == std::to_string(tag + 1);
    }
    right += first.tag == tag;
    try {
      throw;
    } catch (const std::runtime_error& again) {
      this_fiber::yield();
      right += again.what() == std::to_string(tag);
    }
  }
  return right;
}

class Exceptions : public testing::TestWithParam<std::tuple<std::uint32_t, std::string>> {};

TEST_P(Exceptions, ReachTheirHandlersAcrossSwitches) {
  passes_in_child(
      [] {
        const auto [processors, strategy] = GetParam();
        std::atomic<int> caught{0};
        run(config(strategy, processors), [&] {
          std::vector<Fiber> fibers;
          for (int id = 0; id < kThrowers; ++id) {
            fibers.emplace_back([&caught, id] {
              for (int round = 0; round < kRounds; ++round) caught += one_round(id * 1'000'000 + round * 10);
            });
          }
        });
        EXPECT_EQ(caught, kThrowers * kRounds * kThrowsOfARound);
      },
      std::chrono::seconds(30));
}

INSTANTIATE_TEST_SUITE_P(On, Exceptions, testing::Combine(testing::Values(1, 4), testing::Values("none", kPreemptive)),
                         [](const auto& info) {
                           return std::to_string(std::get<0>(info.param)) + "_processors_" + std::get<1>(info.param);
                         });

}  // namespace
}  // namespace heddle::test
