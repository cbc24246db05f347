// errno, the exception globals and the floating-point control words belong to the fiber: whoever runs in between, and
// wherever the fiber goes on, it finds its own.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <cfenv>
#include <exception>
#include <string>
#include <vector>

namespace heddle::test {
namespace {

class FiberState : public testing::TestWithParam<std::uint32_t> {
 protected:
  /// Runs `body(i)` on eight fibers that share the processors.
  static void on_eight_fibers(std::uint32_t processors, void (*body)(int)) {
    passes_in_child([=] {
      run(config(kPreemptive, processors), [body] {
        std::vector<Fiber> fibers;
        for (int i = 0; i < 8; ++i) fibers.emplace_back(body, i);
      });
    });
  }
};

TEST_P(FiberState, KeepsErrnoAcrossYields) {
  on_eight_fibers(GetParam(), [](int id) {
    for (int round = 0; round < 5'000; ++round) {
      write_errno(id * 10'000 + round);
      this_fiber::yield();
      ASSERT_EQ(read_errno(), id * 10'000 + round);
    }
  });
}

TEST_P(FiberState, KeepsErrnoAcrossSleeps) {
  on_eight_fibers(GetParam(), [](int id) {
    for (int round = 0; round < 50; ++round) {
      write_errno(id + 1);
      this_fiber::sleep_for(std::chrono::microseconds(50 * id));
      ASSERT_EQ(read_errno(), id + 1);
    }
  });
}

TEST_P(FiberState, KeepsTheRoundingModeAcrossYields) {
  on_eight_fibers(GetParam(), [](int id) {
    constexpr std::array kModes{FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    const int mode = kModes[static_cast<std::size_t>(id) % kModes.size()];
    ASSERT_EQ(std::fesetround(mode), 0);
    const volatile double one = 1;
    const volatile double three = 3;
    // By way of memory: the x87 unit keeps more digits than a double has.
    const auto divide = [&] {
      const volatile double result = one / three;
      return result;
    };
    const double third = divide();
    const volatile long double wide_one = 1;
    const long double wide_third = wide_one / three;
    for (int round = 0; round < 5'000; ++round) {
      this_fiber::yield();
      ASSERT_EQ(std::fegetround(), mode);
      ASSERT_EQ(divide(), third);
      ASSERT_EQ(wide_one / three, wide_third);
    }
  });
}

TEST_P(FiberState, KeepsTheCaughtExceptionAcrossYields) {
  on_eight_fibers(GetParam(), [](int id) {
    for (int round = 0; round < 500; ++round) {
      ASSERT_EQ(std::current_exception(), nullptr);
      try {
        throw id * 1'000 + round;
      } catch (int&) {
        const std::exception_ptr mine = std::current_exception();
        for (int turn = 0; turn < 3; ++turn) {
          this_fiber::yield();
          ASSERT_EQ(std::current_exception(), mine);
          ASSERT_EQ(std::uncaught_exceptions(), 0);
        }
        try {
          throw;
        } catch (const int& again) {
          ASSERT_EQ(again, id * 1'000 + round);
        }
      }
    }
  });
}

struct YieldsWhileUnwinding {
  ~YieldsWhileUnwinding() {
    EXPECT_EQ(std::uncaught_exceptions(), 1);
    for (int turn = 0; turn < 3; ++turn) {
      this_fiber::yield();
      EXPECT_EQ(std::uncaught_exceptions(), 1);
    }
  }
};

TEST_P(FiberState, KeepsTheCountOfExceptionsInFlight) {
  on_eight_fibers(GetParam(), [](int id) {
    for (int round = 0; round < 500; ++round) {
      if (id % 2 == 0) {  // the others always have none, and must not see those of their neighbours
        try {
          YieldsWhileUnwinding guard;
          throw std::string("unwinding");
        } catch (const std::string& text) {
          ASSERT_EQ(text, "unwinding");
        }
      }
      ASSERT_EQ(std::uncaught_exceptions(), 0);
      this_fiber::yield();
      ASSERT_EQ(std::uncaught_exceptions(), 0);
    }
  });
}

TEST_P(FiberState, StartsWithoutTheCreatorsExceptions) {
  passes_in_child([processors = GetParam()] {
    run(config(kPreemptive, processors), [] {
      try {
        throw 1;
      } catch (int) {
        Fiber([] {
          EXPECT_EQ(std::current_exception(), nullptr);
          EXPECT_EQ(std::uncaught_exceptions(), 0);
        }).join();
      }
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Processors, FiberState, testing::Values(1, 4), testing::PrintToStringParamName());

}  // namespace
}  // namespace heddle::test
