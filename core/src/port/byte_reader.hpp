// ByteReader: numbers at offsets of a file that nobody vouches for.
//
// Invariant: no offset, however large, makes it read outside [0, size); an addition never wraps.
#pragma once

#include <array>
#include <cstdint>
#include <istream>
#include <optional>

namespace heddle::port {

class ByteReader {
 public:
  ByteReader(std::istream& in, std::uint64_t size) : in_(in), size_(size) {}

  void set_little_endian(bool little) { little_ = little; }

  /// Does [at, at + bytes) lie inside the file?
  bool holds(std::uint64_t at, std::uint64_t bytes) const { return at <= size_ && bytes <= size_ - at; }

  /// The unsigned number in `bytes` (1 to 8) bytes at `at`; nothing when they are not all there.
  std::optional<std::uint64_t> number(std::uint64_t at, std::uint64_t bytes) {
    std::array<unsigned char, 8> raw{};
    if (bytes > raw.size() || !holds(at, bytes)) return std::nullopt;
    in_.clear();
    in_.seekg(static_cast<std::streamoff>(at));
    if (!in_.read(reinterpret_cast<char*>(raw.data()), static_cast<std::streamsize>(bytes))) return std::nullopt;
    std::uint64_t value = 0;
    for (std::uint64_t i = 0; i < bytes; ++i) value = value << 8 | raw[little_ ? bytes - 1 - i : i];
    return value;
  }

 private:
  std::istream& in_;
  std::uint64_t size_;
  bool little_ = true;
};

}  // namespace heddle::port
