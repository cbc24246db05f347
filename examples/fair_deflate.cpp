// Fair deflate: CPU-bound fibers that do not know they are fibers, beside one that has to be on time.
//
//   fair_deflate [FILE]
//
// zlib knows nothing of Heddle: it computes until it is done. Two fibers per processor do nothing but call it; a
// ticker wants to wake every millisecond. The program prints how late it was. Try it with preemption switched off:
//
//   HEDDLE_PREEMPTER_STRATEGY=none fair_deflate
#include <heddle/heddle.hpp>

#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

using Bytes = std::vector<Bytef>;

Bytes read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("Cannot open " + path + " for reading.");
  return {std::istreambuf_iterator<char>(file), {}};
}

Bytes deflated(const Bytes& data) {
  uLongf size = compressBound(data.size());
  Bytes result(size);
  if (compress2(result.data(), &size, data.data(), data.size(), Z_BEST_COMPRESSION) != Z_OK) throw std::bad_alloc();
  result.resize(size);
  return result;
}

bool inflates_to(const Bytes& packed, const Bytes& data) {
  Bytes result(data.size());
  uLongf size = result.size();
  return uncompress(result.data(), &size, packed.data(), packed.size()) == Z_OK && size == data.size() && result == data;
}

// How late each wake-up was, in microseconds, until `stop` is set; at least one.
std::vector<std::int64_t> tick(const std::atomic<bool>& stop) {
  using std::chrono::steady_clock;
  std::vector<std::int64_t> lateness;
  do {
    const auto due = steady_clock::now() + std::chrono::milliseconds(1);
    heddle::this_fiber::sleep_until(due);
    lateness.push_back(std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - due).count());
  } while (!stop);
  std::sort(lateness.begin(), lateness.end());
  return lateness;
}

int main(int argc, char** argv) {
  const Bytes data = read(argc > 1 ? argv[1] : argv[0]);
  const std::size_t times = 1 + 4'000'000 / (data.size() + 1);  // a small file several times: some tenths of a second
                                                                // for each fiber

  return heddle::run([&] {
    std::atomic<bool> stop{false};
    std::vector<std::int64_t> lateness;
    heddle::Fiber ticker([&] { lateness = tick(stop); });

    std::atomic<int> wrong{0};
    Bytes packed;
    std::vector<heddle::Fiber> workers;
    const std::size_t fibers = 2 * heddle::stats().processors;
    for (std::size_t i = 0; i < fibers; ++i) {
      workers.emplace_back([&, i] {
        for (std::size_t round = 0; round < times; ++round) {
          Bytes mine = deflated(data);
          if (!inflates_to(mine, data)) ++wrong;
          if (i == 0) packed = std::move(mine);
        }
      });
    }
    workers.clear();  // joins them
    stop = true;
    ticker.join();

    std::cout << fibers << " fibers deflated " << data.size() << " bytes to " << packed.size() << ", " << times << " times each\n"
              << "the ticker woke " << lateness.size() << " times, late by " << lateness[lateness.size() / 2]
              << " us in the median, by " << lateness.back() << " us at most\n"
              << (wrong == 0 ? "round trip verified" : "ROUND TRIP FAILED") << std::endl;
    return wrong == 0 ? 0 : 1;
  });
}
