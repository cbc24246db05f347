// What a fiber is made of: closures of any size and alignment, arguments that throw when they are copied, and nothing
// left behind.
#include "runtime/child.hpp"
#include "runtime/each_strategy.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <cstdint>
#include <memory>
#include <numeric>
#include <stdexcept>

namespace heddle::test {
namespace {

template <std::size_t alignment>
struct alignas(alignment) Aligned {
  int value;
};

template <std::size_t alignment>
void check_alignment() {
  Fiber([argument = Aligned<alignment>{7}] {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&argument) % alignment, 0U);
    EXPECT_EQ(argument.value, 7);
    // The stack below is aligned as the ABI demands, or this local is not.
    const Aligned<alignment> local{8};
    const volatile std::uintptr_t address = reinterpret_cast<std::uintptr_t>(&local);
    EXPECT_EQ(address % alignment, 0U);
  }).join();
}

TEST(Closure, HasItsAlignment) {
  on_one_processor([] {
    check_alignment<4>();
    check_alignment<16>();
    check_alignment<64>();
    check_alignment<256>();
  });
}

TEST(Closure, MayBeBig) {
  on_one_processor([] {
    std::array<std::uint8_t, 20'000> big;
    std::iota(big.begin(), big.end(), std::uint8_t{3});
    bool same = false;
    Fiber([big, &same, &original = big] { same = big == original; }).join();
    EXPECT_TRUE(same);
  });
}

TEST(Closure, ThatDoesNotFitIsRefused) {
  on_one_processor([] {
    struct Huge {
      void operator()() const {}
      std::array<char, 1 << 17> bytes;
    };
    const auto huge = std::make_unique<Huge>();
    EXPECT_THROW(Fiber({.stack_size = 1 << 16}, *huge), std::invalid_argument);
    Fiber({.stack_size = 1 << 19}, *huge).join();
  });
}

TEST(Closure, MayBeMoveOnly) {
  on_one_processor([] {
    int got = 0;
    Fiber([&got](std::unique_ptr<int> value) { got = *value; }, std::make_unique<int>(11)).join();
    EXPECT_EQ(got, 11);
  });
}

TEST(Closure, IsDestroyedWhenTheFiberEnds) {
  on_one_processor([] {
    const auto held = std::make_shared<int>(0);
    Fiber fiber([held] { this_fiber::yield(); });
    EXPECT_EQ(held.use_count(), 2);
    fiber.join();
    EXPECT_EQ(held.use_count(), 1);
    for (int i = 0; i < 100; ++i) Fiber([held] {}).detach();
    while (stats().fibers > 1) this_fiber::yield();
    EXPECT_EQ(held.use_count(), 1);
  });
}

struct ThrowsWhenCopied {
  ThrowsWhenCopied() = default;
  ThrowsWhenCopied(const ThrowsWhenCopied&) { throw std::runtime_error("copied"); }
  void operator()() const {}
};

TEST(Closure, ThatThrowsLeavesNoFiberBehind) {
  on_one_processor([] {
    const auto held = std::make_shared<int>(0);
    const ThrowsWhenCopied thrower;
    const std::uint64_t before = stats().fibers;
    for (int i = 0; i < 10'000; ++i) {
      // Large stacks: ten thousand of them that stayed would be ten gigabytes.
      EXPECT_THROW(Fiber({.stack_size = 1 << 20}, thrower), std::runtime_error);
      EXPECT_THROW(Fiber([](const auto&, const auto&) {}, held, thrower), std::runtime_error);
    }
    EXPECT_EQ(stats().fibers, before);
    EXPECT_EQ(held.use_count(), 1);
    bool ran = false;
    Fiber([&] { ran = true; }).join();
    EXPECT_TRUE(ran);
  });
}

}  // namespace
}  // namespace heddle::test
