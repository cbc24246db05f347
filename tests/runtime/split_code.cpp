#include "runtime/split_code.hpp"

#include <cstdarg>
#include <stdexcept>

namespace heddle::test {

namespace {

/// A frame that the compiler cannot do without.
template <std::size_t kWords>
struct Frame {
  volatile std::uint64_t words[kWords];
  explicit Frame(std::uint64_t value) {
    for (volatile std::uint64_t& word : words) word = value;
  }
  bool holds(std::uint64_t value) const {
    bool all = true;
    for (const volatile std::uint64_t& word : words) all = all && word == value;
    return all;
  }
};

template <std::size_t kWords>
[[gnu::always_inline]] inline std::uint64_t sum(std::uint64_t depth, std::uint64_t (*next)(std::uint64_t)) {
  const Frame<kWords> frame(depth);
  const std::uint64_t rest = depth == 0 ? 0 : next(depth - 1);
  return frame.holds(depth) ? rest + depth : 0;
}

}  // namespace

[[gnu::noinline]] std::uint64_t split_sum(std::uint64_t depth) {
  return sum<20>(depth, split_sum);
}

[[gnu::noinline]] std::uint64_t split_large(std::uint64_t depth) {
  return sum<512>(depth, split_large);
}

[[gnu::noinline]] std::uint64_t split_huge(std::uint64_t depth) {
  return sum<5120>(depth, split_huge);
}

[[gnu::noinline]] double split_arguments(std::uint64_t depth, std::uint64_t a, double x, std::uint64_t b, float y,
                                         std::uint64_t c, std::uint64_t d, std::uint64_t e, double z, Wide wide,
                                         std::uint64_t f, std::uint64_t g) {
  const Frame<60> frame(depth);
  if (depth != 0) {
    wide.words[depth % 12] += 1;
    const double rest = split_arguments(depth - 1, a + 1, x, b, y, c, d, e, z, wide, f, g + 1);
    return frame.holds(depth) ? rest : 0;
  }
  double result = x + static_cast<double>(y) + z;
  for (const std::uint64_t word : wide.words) result += static_cast<double>(word);
  return result + static_cast<double>(a + b + c + d + e + f + g);
}

[[gnu::noinline]] Wide split_result(std::uint64_t depth) {
  const Frame<60> frame(depth);
  Wide wide = depth == 0 ? Wide{} : split_result(depth - 1);
  if (frame.holds(depth)) ++wide.words[depth % 12];
  return wide;
}

[[gnu::noinline]] long double split_long(std::uint64_t depth) {
  const Frame<60> frame(depth);
  const long double rest = depth == 0 ? 0 : split_long(depth - 1);
  return frame.holds(depth) ? rest + 0.5L : 0;
}

#ifndef __clang__
[[gnu::noinline]] std::uint64_t split_variadic(std::uint64_t depth, int count, ...) {
  const Frame<60> frame(depth);
  va_list list;
  va_start(list, count);
  std::uint64_t total = 0;
  double fractions = 0;
  for (int i = 0; i < count; ++i) {
    total += va_arg(list, std::uint64_t);
    fractions += va_arg(list, double);
  }
  va_end(list);
  const std::uint64_t mine = total + static_cast<std::uint64_t>(fractions);
  if (!frame.holds(depth)) return 0;
  if (depth == 0) return mine;
  return mine + split_variadic(depth - 1, 10, total, 1.0, std::uint64_t{0}, fractions - 1, std::uint64_t{0}, 0.0,
                               std::uint64_t{0}, 0.0, std::uint64_t{0}, 0.0, std::uint64_t{0}, 0.0, std::uint64_t{0},
                               0.0, std::uint64_t{0}, 0.0, std::uint64_t{0}, 0.0, std::uint64_t{0}, 0.0);
}
#endif

[[gnu::noinline]] void split_throw(std::uint64_t depth, std::uint64_t& destroyed) {
  struct Counts {
    std::uint64_t& destroyed;
    ~Counts() { ++destroyed; }
  };
  const Frame<60> frame(depth);
  const Counts counts{destroyed};
  if (depth == 0) throw std::out_of_range("the bottom");
  split_throw(depth - 1, destroyed);
  if (!frame.holds(depth)) destroyed = 0;
}

[[gnu::noinline]] void split_call(std::uint64_t depth, void (*function)(void*), void* argument) {
  const Frame<60> frame(depth);
  if (depth == 0) {
    function(argument);
  } else {
    split_call(depth - 1, function, argument);
  }
  if (!frame.holds(depth)) throw std::logic_error("a frame was overwritten");
}

}  // namespace heddle::test
