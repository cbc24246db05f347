#include "cli/round_trip.hpp"

#include <algorithm>
#include <new>

namespace heddle::cli {

namespace {

constexpr int kLevel = 6;  // gzip's default

// zlib's input is not const; it only reads it.
void feed(z_stream& stream, Block input, std::vector<unsigned char>& output) {
  stream.next_in = const_cast<unsigned char*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = output.data();
  stream.avail_out = static_cast<uInt>(output.size());
}

}  // namespace

RoundTrip::RoundTrip(std::size_t largest)
    : small_(compressBound(largest)),
      back_(largest),
      end_deflating_(nullptr, {deflateEnd}),
      end_inflating_(nullptr, {inflateEnd}) {
  if (deflateInit(&deflating_, kLevel) != Z_OK) throw std::bad_alloc();
  end_deflating_.reset(&deflating_);
  if (inflateInit(&inflating_) != Z_OK) throw std::bad_alloc();
  end_inflating_.reset(&inflating_);
}

bool RoundTrip::operator()(Block block) {
  deflateReset(&deflating_);
  feed(deflating_, block, small_);
  if (deflate(&deflating_, Z_FINISH) != Z_STREAM_END) return false;
  inflateReset(&inflating_);
  feed(inflating_, {small_.data(), deflating_.total_out}, back_);
  return inflate(&inflating_, Z_FINISH) == Z_STREAM_END && inflating_.total_out == block.size() &&
         std::ranges::equal(block, std::span(back_).first(block.size()));
}

}  // namespace heddle::cli
