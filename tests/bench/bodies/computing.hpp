// Computations that are compiled twice: as they are, and with the checks of heddle_instrument().
#pragma once

#include <cstdint>
#include <vector>

namespace heddle::bench {

struct Computing {
  std::uint64_t (*loop)(std::int64_t turns);          // a multiplication and an addition a turn
  void (*sort)(std::vector<std::uint32_t>& numbers);  // heapsort: branches and memory
};

extern const Computing plain;
extern const Computing checked;

}  // namespace heddle::bench
