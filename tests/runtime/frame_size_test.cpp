// R42 EveryFrameSize: frames of 4 to 5,000 bytes, each at the edge of a stack that is as small as one can be.
#include "runtime/each_strategy.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <cstddef>
#include <utility>

namespace heddle::test {
namespace {

constexpr std::size_t kSizes = 1250;
constexpr std::size_t kStep = 4;

/// 256 bytes of stack, and a wait.
void use_a_little() {
  std::array<volatile char, 256> local;
  for (std::size_t i = 0; i < local.size(); ++i) local[i] = static_cast<char>(i);
  this_fiber::yield();
  for (std::size_t i = 0; i < local.size(); ++i) ASSERT_EQ(local[i], static_cast<char>(i));
}

/// A frame of that size between two words that nobody else writes. True if all of it is as it was after `bottom`.
template <std::size_t kBytes>
[[gnu::noinline]] bool in_a_frame(void (*bottom)()) {
  struct {
    volatile std::size_t before;
    volatile char bytes[kBytes];
    volatile std::size_t after;
  } frame;
  frame.before = kBytes;
  frame.after = kBytes;
  for (volatile char& byte : frame.bytes) byte = static_cast<char>(kBytes);
  bottom();
  bool same = frame.before == kBytes && frame.after == kBytes;
  for (volatile char& byte : frame.bytes) same = same && byte == static_cast<char>(kBytes);
  return same;
}

template <std::size_t... kIndices>
constexpr auto functions(std::index_sequence<kIndices...>) {
  // With its type said: to deduce it Clang would nest expressions as deep as there are functions.
  return std::array<bool (*)(void (*bottom)()), sizeof...(kIndices)>{&in_a_frame<(kIndices + 1) * kStep>...};
}
constexpr auto kFunctions = functions(std::make_index_sequence<kSizes>());

constexpr std::size_t kSmallest = 16 << 10;

/// Windows keeps half of the smallest stack, for a guard and for telling that it has been met: too much for a call below a frame of 4,500 bytes.
#ifdef _WIN32
constexpr std::size_t kSmallestForCalls = 2 * kSmallest;
#else
constexpr std::size_t kSmallestForCalls = kSmallest;
#endif

void each_on_a_fresh_fiber(std::size_t stack_size, void (*bottom)()) {
  for (std::size_t index = 0; index < kSizes; ++index) {
    bool same = false;
    Fiber({.stack_size = stack_size}, [&] { same = kFunctions[index](bottom); }).join();
    ASSERT_TRUE(same) << (index + 1) * kStep << " bytes";
  }
}

class EveryFrameSize : public EachStrategy {};
INSTANTIATE_TEST_SUITE_P(Under, EveryFrameSize, each_strategy(), strategy_name);

TEST_P(EveryFrameSize, CallsBackOutOfForeignCode) {
  passes([] { each_on_a_fresh_fiber(kSmallestForCalls, [] { foreign_call([] { callback(use_a_little); }); }); },
         std::chrono::seconds(60));
}

TEST_P(EveryFrameSize, GrowsBelowIt) {
  passes([] { each_on_a_fresh_fiber(kSmallest, [] { with_stack(16 << 10, use_a_little); }); }, std::chrono::seconds(60));
}

TEST_P(EveryFrameSize, GrowsInACallbackAndCallsForeignCodeFromThere) {
  passes(
      [] {
        each_on_a_fresh_fiber(kSmallest, [] {
          foreign_call(
              [] { callback([] { with_stack(16 << 10, [] { foreign_call([] { callback(use_a_little); }); }); }); });
        });
      },
      std::chrono::seconds(60));
}

}  // namespace
}  // namespace heddle::test
