// hammer: a stretch of code that knows nothing of fibers, with thread-locals and errno in the hands of the compiler.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace heddle::test {

/// Read and written as plain variables: the compiler may keep their addresses, that of errno too, in registers for a whole loop.
inline constinit thread_local std::uint64_t hammered_words[8] = {};

/// What was found to be another's.
struct HammerFaults {
  std::atomic<std::uint64_t> words{0};
  std::atomic<std::uint64_t> errors{0};
};

/// One stretch without a call of the runtime: everything written must be found again.
[[gnu::noinline]] inline void hammer(std::uint64_t mark, std::uint64_t rounds, HammerFaults& faults) {
  for (std::uint64_t& word : hammered_words) word = mark;
  errno = static_cast<int>(mark & 0x7fff);
  for (std::uint64_t i = 1; i <= rounds; ++i) {
    for (std::uint64_t& word : hammered_words) {
      if (word != mark + i - 1) faults.words.fetch_add(1);
      ++word;
      asm volatile("" ::: "memory");
    }
    if (errno != static_cast<int>((mark + i - 1) & 0x7fff)) faults.errors.fetch_add(1);
    errno = static_cast<int>((mark + i) & 0x7fff);
  }
}

}  // namespace heddle::test
