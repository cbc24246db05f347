// See computing.hpp; HEDDLE_BENCH_COMPUTING is the name of what this file is compiled to. Nothing here may be a template or in line elsewhere: of
// such functions the linker takes one for both.
#include "bench/bodies/computing.hpp"

#include <cstddef>

namespace heddle::bench {

namespace {

std::uint64_t loop(std::int64_t turns) {
  std::uint64_t x = 1;
  for (std::int64_t i = 0; i < turns; ++i) x = x * 6364136223846793005u + 1442695040888963407u;
  return x;
}

void sift(std::uint32_t* numbers, std::size_t root, std::size_t size) {
  const std::uint32_t value = numbers[root];
  for (std::size_t child; (child = 2 * root + 1) < size; root = child) {
    if (child + 1 < size && numbers[child + 1] > numbers[child]) ++child;
    if (numbers[child] <= value) break;
    numbers[root] = numbers[child];
  }
  numbers[root] = value;
}

void sort(std::vector<std::uint32_t>& all) {
  std::uint32_t* const numbers = all.data();
  for (std::size_t root = all.size() / 2; root-- > 0;) sift(numbers, root, all.size());
  for (std::size_t size = all.size(); size-- > 1;) {
    const std::uint32_t last = numbers[size];
    numbers[size] = numbers[0];
    numbers[0] = last;
    sift(numbers, 0, size);
  }
}

}  // namespace

const Computing HEDDLE_BENCH_COMPUTING{loop, sort};

}  // namespace heddle::bench
