// Random: a few cheap random bits for choosing victims. Not for anything that someone could gain by predicting.
#pragma once

#include <cstdint>

namespace heddle::base {

/// Marsaglia's xorshift with 64 bits of state ("Xorshift RNGs", 2003).
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u | 1) {}

  std::uint32_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<std::uint32_t>(state_ >> 32);
  }

 private:
  std::uint64_t state_;
};

}  // namespace heddle::base
