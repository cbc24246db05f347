// Preemption is invisible: integer, floating-point and vector state that the compiler keeps in registers comes
// through ten thousand interruptions unchanged. What is computed under preemption is compared with the same computed
// without a runtime.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <atomic>
#include <bit>
#include <iostream>
#include <string>
#include <vector>

namespace heddle::test {
namespace {

using Bytes = std::uint8_t __attribute__((vector_size(16)));
using Words = std::uint32_t __attribute__((vector_size(16)));
using Floats = float __attribute__((vector_size(16)));

/// Twelve integers, eight doubles, a long double and six vectors, all live through the whole loop: more than there
/// are registers, so that every one is in use. Every turn depends on every value of the turn before.
std::uint64_t churn(std::uint64_t seed, int turns) {
  std::array<std::uint64_t, 12> integers;
  std::array<double, 8> doubles;
  for (std::size_t i = 0; i < integers.size(); ++i) integers[i] = seed * (2 * i + 3) + i;
  for (std::size_t i = 0; i < doubles.size(); ++i)
    doubles[i] = 1.0 + static_cast<double>(seed % 97) / 128 + static_cast<double>(i);
  long double wide = 1.25L + static_cast<long double>(seed % 31);
  Words words[3] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
  Floats floats[2] = {{1, 2, 3, 4}, {0.5F, 0.25F, 0.125F, 0.0625F}};
  Bytes bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  words[0] += static_cast<std::uint32_t>(seed);
  for (int turn = 0; turn < turns; ++turn) {
    for (std::size_t i = 0; i < integers.size(); ++i) {
      integers[i] = std::rotl(integers[i], static_cast<int>(i) + 1) + integers[(i + 5) % integers.size()] * 0x9e3779b97f4a7c15U;
    }
    for (std::size_t i = 0; i < doubles.size(); ++i) {
      doubles[i] = doubles[i] * 0.75 + doubles[(i + 3) % doubles.size()] * 0.25 + 1.0 / 1024;
    }
    wide = wide * 0.5L + static_cast<long double>(doubles[0]);
    words[0] = words[0] * 747796405U + words[2];
    words[1] ^= words[0] >> 7;
    words[2] += words[1];
    floats[0] = floats[0] * 0.5F + floats[1];
    floats[1] = floats[1] * 0.25F + 0.125F;
    bytes = bytes * 5 + reinterpret_cast<Bytes>(words[1]);
  }
  std::uint64_t sum = std::bit_cast<std::uint64_t>(static_cast<double>(wide));
  const auto mix = [&sum](std::uint64_t value) { sum = std::rotl(sum, 9) * 0x100000001b3U ^ value; };
  for (const std::uint64_t integer : integers) mix(integer);
  for (const double value : doubles) mix(std::bit_cast<std::uint64_t>(value));
  for (int i = 0; i < 4; ++i) {
    for (const Words& vector : words) mix(vector[i]);
    for (const Floats& vector : floats) mix(std::bit_cast<std::uint32_t>(vector[i]));
  }
  for (int i = 0; i < 16; ++i) mix(bytes[i]);
  return sum;
}

class Fidelity : public testing::TestWithParam<Resume> {};

TEST_P(Fidelity, OfWhatTheCompilerKeepsInRegisters) {
  passes_in_child(
      [] {
        constexpr std::uint64_t kFibers = 6;
        constexpr int kTurns = 20'000;
        std::array<std::uint64_t, kFibers> reference;
        for (std::uint64_t i = 0; i < kFibers; ++i) reference[i] = churn(i, kTurns);

        Config configuration = config(kPreemptive, 2, GetParam());
        configuration.preempter.quantum = std::chrono::milliseconds(1);
        configuration.preempter.wakeup_slice = std::chrono::microseconds(20);
        const std::uint64_t wanted = scaled(10'000);
        std::atomic<std::uint64_t> rounds{0};
        std::atomic<std::uint64_t> wrong{0};
        run(configuration, [&] {
          std::atomic<bool> stop{false};
          std::vector<Fiber> fibers;
          for (std::uint64_t i = 0; i < kFibers; ++i) {
            fibers.emplace_back([&, i] {
              while (!stop) {
                if (churn(i, kTurns) != reference[i]) ++wrong;
                ++rounds;
              }
            });
          }
          // Sleepers that wake all the time strike the others at ever new instructions.
          std::vector<Fiber> tickers;
          for (int i = 0; i < 4; ++i) {
            tickers.emplace_back([&] {
              while (!stop) this_fiber::sleep_for(std::chrono::microseconds(30));
            });
          }
          while (stats().preemptions < wanted) this_fiber::sleep_for(std::chrono::milliseconds(1));
          stop = true;
          std::cout << stats().preemptions << " preemptions" << std::endl;
        });
        std::cout << rounds << " rounds" << std::endl;
        EXPECT_EQ(wrong, 0U);
        EXPECT_GT(rounds, 0U);
      },
      std::chrono::seconds(120));
}

INSTANTIATE_TEST_SUITE_P(Resume, Fidelity, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
});

}  // namespace
}  // namespace heddle::test
