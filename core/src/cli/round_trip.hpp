// RoundTrip: the demo's work: deflates a block, inflates it again and compares. All of it is zlib's code, which knows
// nothing of fibers.
#pragma once

#include <zlib.h>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace heddle::cli {

using Block = std::span<const unsigned char>;

class RoundTrip {
 public:
  /// For blocks of up to `largest` bytes. Throws std::bad_alloc.
  explicit RoundTrip(std::size_t largest);

  /// Does the block come back as it was?
  bool operator()(Block block);

 private:
  struct End {
    void operator()(z_stream* stream) const { end(stream); }
    int (*end)(z_stream*);
  };
  using Stream = std::unique_ptr<z_stream, End>;

  z_stream deflating_{};
  z_stream inflating_{};
  std::vector<unsigned char> small_;
  std::vector<unsigned char> back_;
  Stream end_deflating_;
  Stream end_inflating_;
};

}  // namespace heddle::cli
