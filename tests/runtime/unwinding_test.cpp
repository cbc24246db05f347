// R47 and R48, as far as stacks that don't grow go: a request is seen from deep in the stack, and exceptions find their way from there while
// fibers are being interrupted.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/storm.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace heddle::test {
namespace {

constexpr int kDepth = 100;

class BigFrames : public testing::TestWithParam<const char*> {};

/// A checkpoint behind `depth` frames of 8 KiB.
[[gnu::noinline]] std::byte in_big_frames(int depth) {
  std::array<std::byte, 8 << 10> frame;
  asm volatile("" : : "r"(frame.data()) : "memory");
  frame[0] = static_cast<std::byte>(depth);
  if (depth == 0) {
    this_fiber::checkpoint();
  } else {
    frame[0] ^= in_big_frames(depth - 1);
  }
  return frame[0];
}

// Three requests, each of them after a long computation that has no checkpoint.
TEST_P(BigFrames, SeeTheRequest) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      std::atomic<int> stops{0};
      Fiber other([&] {
        while (stops < 3) {
          ++stops;
          this_fiber::yield();
        }
      });
      for (int depth = 0; stops < 3; depth = (depth + 1) % 4) {
        spin(2'000'000);
        in_big_frames(depth);
      }
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Under, BigFrames, testing::Values("cooperative", kPreemptive),
                         [](const auto& info) { return std::string(info.param); });

struct Far : std::runtime_error {
  explicit Far(int value) : std::runtime_error("far"), value(value) {}
  int value;
};

/// Notes, while it is unwound, its depth and how many exceptions are in flight.
class Witness {
 public:
  Witness(int depth, std::vector<int>& seen) : depth_(depth), seen_(seen) {}
  ~Witness() {
    spin(2'000);
    seen_.push_back(std::uncaught_exceptions() == 1 ? depth_ : -1);
  }

 private:
  int depth_;
  std::vector<int>& seen_;
};

[[gnu::noinline]] int throw_from(int depth, int value, std::vector<int>& seen) {
  const Witness witness(depth, seen);
  if (depth == 0) throw Far(value);
  return throw_from(depth - 1, value, seen) + 1;  // not a tail call
}

/// The order of the destructors, and the value, of an exception from `kDepth` frames away.
void catch_from_afar(int value) {
  std::vector<int> seen;
  try {
    throw_from(kDepth, value, seen);
    FAIL() << "nothing was thrown";
  } catch (const Far& far) {
    EXPECT_EQ(far.value, value);
  }
  ASSERT_EQ(seen.size(), kDepth + 1U);
  for (int depth = 0; depth <= kDepth; ++depth) ASSERT_EQ(seen[static_cast<std::size_t>(depth)], depth);
  EXPECT_EQ(std::uncaught_exceptions(), 0);
}

/// An exception that is caught half-way, thrown on inside another, and caught with both to be seen.
void catch_nested(int value) {
  std::vector<int> seen;
  try {
    try {
      throw_from(kDepth / 2, value, seen);
    } catch (...) {
      spin(2'000);
      std::throw_with_nested(std::logic_error("around"));
    }
  } catch (const std::logic_error& around) {
    spin(2'000);
    try {
      std::rethrow_if_nested(around);
      FAIL() << "nothing is nested";
    } catch (const Far& far) {
      EXPECT_EQ(far.value, value);
    }
  }
  EXPECT_EQ(std::uncaught_exceptions(), 0);
}

/// A handler that throws on what it caught, with another exception thrown and caught before it does.
void catch_twice(int value) {
  std::string order;
  try {
    try {
      throw Far(value);
    } catch (const Far&) {
      order += "first ";
      catch_from_afar(value + 1);
      spin(2'000);
      order += "again ";
      throw;
    }
  } catch (const Far& far) {
    order += far.value == value ? "same" : "other";
  }
  EXPECT_EQ(order, "first again same");
}

class Unwinding : public testing::TestWithParam<Resume> {};

TEST_P(Unwinding, FindsItsWayFromAfarUnderPreemption) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 2, GetParam()), [] {
          const Storm storm(1, 2);
          std::vector<Fiber> fibers;
          for (int fiber = 0; fiber < 4; ++fiber) {
            fibers.emplace_back([fiber] {
              for (int round = 0; round < 10; ++round) {
                catch_from_afar(100 * fiber + round);
                catch_nested(100 * fiber + round);
                catch_twice(100 * fiber + round);
                EXPECT_FALSE(std::current_exception());
              }
            });
          }
          fibers.clear();
          EXPECT_GT(stats().preemptions, 0U);
        });
      },
      std::chrono::seconds(60));
}

/// Ends another fiber, and starts one, while this one's exception is in flight.
struct EndsOthers {
  ~EndsOthers() {
    std::atomic<bool> ended{false};
    Fiber([&] {
      catch_from_afar(7);
      ended = true;
    }).join();
    EXPECT_TRUE(ended);
    EXPECT_EQ(std::uncaught_exceptions(), 1);
  }
};

TEST_P(Unwinding, OutlivesTheEndOfOtherFibers) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 2, GetParam()), [] {
          const Storm storm(1, 2);
          std::vector<Fiber> fibers;
          for (int fiber = 0; fiber < 3; ++fiber) {
            fibers.emplace_back([fiber] {
              for (int round = 0; round < 10; ++round) {
                try {
                  const EndsOthers ends;
                  throw Far(fiber);
                } catch (const Far& far) {
                  EXPECT_EQ(far.value, fiber);
                }
                catch_from_afar(round);
              }
            });
          }
        });
      },
      std::chrono::seconds(60));
}

INSTANTIATE_TEST_SUITE_P(With, Unwinding, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
});

}  // namespace
}  // namespace heddle::test
