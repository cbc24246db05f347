// The C library's qsort_r, with a comparison that is in no hurry: it counts how often it was called in a fiber of its own, waits for that, and
// lets others run. A sort that has begun stays on its thread until it is done; the other fibers go on elsewhere.
#include <heddle/heddle.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <random>
#include <vector>

namespace {

int compare(const void* left, const void* right, void* counted) {
  return heddle::callback([&] {
    static_cast<heddle::Channel<int>*>(counted)->send(1);
    heddle::this_fiber::yield();
    return *static_cast<const int*>(left) - *static_cast<const int*>(right);
  });
}

}  // namespace

int main() {
  return heddle::run([] {
    heddle::Channel<int> comparisons;
    long count = 0;
    heddle::Fiber counter([&] {
      for (int one : comparisons) count += one;
    });

    std::vector<std::vector<int>> all(10, std::vector<int>(1000));
    std::vector<heddle::Fiber> sorters;
    for (std::size_t i = 0; i < all.size(); ++i) {
      sorters.emplace_back([&, i] {
        std::vector<int>& numbers = all[i];
        std::iota(numbers.begin(), numbers.end(), 0);
        std::shuffle(numbers.begin(), numbers.end(), std::minstd_rand(static_cast<unsigned>(i)));
        heddle::foreign_call(qsort_r, numbers.data(), numbers.size(), sizeof(int), compare, &comparisons);
      });
    }
    sorters.clear();
    comparisons.close();
    counter.join();

    std::size_t sorted = 0;
    for (const std::vector<int>& numbers : all) sorted += std::is_sorted(numbers.begin(), numbers.end());
    std::cout << sorted << " arrays sorted with " << (count > 0 ? "comparisons that waited" : "nothing") << std::endl;
  });
}
