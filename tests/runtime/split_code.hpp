// Code that is compiled with split stacks and knows nothing of Heddle.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace heddle::test {

struct Wide {
  std::array<std::uint64_t, 12> words;  // goes on the stack, as argument and as result
};

/// Recurses, with some 200 bytes of frame for each level; the sum of all levels.
std::uint64_t split_sum(std::uint64_t depth);

/// A frame of that many bytes for each level: 4 KiB, and 40 KiB.
std::uint64_t split_large(std::uint64_t depth);
std::uint64_t split_huge(std::uint64_t depth);

/// Arguments in every kind of place. The result depends on all of them, at each level.
double split_arguments(std::uint64_t depth, std::uint64_t a, double x, std::uint64_t b, float y, std::uint64_t c,
                       std::uint64_t d, std::uint64_t e, double z, Wide wide, std::uint64_t f, std::uint64_t g);
Wide split_result(std::uint64_t depth);
long double split_long(std::uint64_t depth);
std::uint64_t split_variadic(std::uint64_t depth, int count, ...);  // not by Clang

/// Throws std::out_of_range at the bottom; adds the destructors that run on the way.
void split_throw(std::uint64_t depth, std::uint64_t& destroyed);

/// Calls function(argument) at the bottom.
void split_call(std::uint64_t depth, void (*function)(void*), void* argument);

}  // namespace heddle::test
