// A library that was written without a thought of fibers: one call of zlib's deflate, which computes for a second, does not keep a
// ticker from its milliseconds.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <zlib.h>
#include <iostream>
#include <vector>

namespace heddle::test {
namespace {

using Bytes = std::vector<unsigned char>;

/// What deflate can make smaller by half: letters of a small alphabet.
Bytes letters(std::size_t bytes) {
  Bytes text(bytes);
  std::uint64_t state = seed();
  for (unsigned char& letter : text) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    letter = static_cast<unsigned char>('a' + (state >> 60));
  }
  return text;
}

/// A stream of zlib's with room for what one call makes of all its input.
struct Stream : z_stream {
  Stream(const Bytes& in, Bytes& out) : z_stream{} {
    next_in = const_cast<unsigned char*>(in.data());
    avail_in = static_cast<uInt>(in.size());
    next_out = out.data();
    avail_out = static_cast<uInt>(out.size());
  }
};

class ThirdPartyCode : public testing::TestWithParam<Resume> {};

TEST_P(ThirdPartyCode, DeflateOf64MiBInOneCallDoesNotStopATicker) {
  passes_in_child(
      [] {
        const PreemptionRule rule = allow_preemption(CodeRegion::module_of(&deflate));  // any-thread leaves libraries alone
        run(config(kPreemptive, 1, GetParam()), [] {
          const Bytes data = letters(scaled(64 << 20));
          Bytes packed(data.size()), unpacked(data.size());
          volatile bool deflating = false, stop = false;
          std::uint64_t ticks = 0;
          Fiber ticker([&] {
            while (!stop) {
              this_fiber::sleep_for(std::chrono::milliseconds(1));
              if (deflating) ++ticks;
            }
          });
          this_fiber::yield();

          Stream packing(data, packed);
          ASSERT_EQ(deflateInit(&packing, Z_BEST_SPEED), Z_OK);
          deflating = true;
          const int packing_result = deflate(&packing, Z_FINISH);
          deflating = false;
          packed.resize(packing.total_out);
          EXPECT_EQ(packing_result, Z_STREAM_END);
          EXPECT_EQ(deflateEnd(&packing), Z_OK);

          Stream unpacking(packed, unpacked);
          ASSERT_EQ(inflateInit(&unpacking), Z_OK);
          EXPECT_EQ(inflate(&unpacking, Z_FINISH), Z_STREAM_END);
          EXPECT_EQ(inflateEnd(&unpacking), Z_OK);
          stop = true;
          ticker.join();
          EXPECT_TRUE(unpacked == data);
          std::cout << ticks << " ticks during one call, " << stats().preemptions << " preemptions" << std::endl;
          EXPECT_GE(ticks, scaled(10));
        });
      },
      std::chrono::seconds(60));
}

INSTANTIATE_TEST_SUITE_P(Under, ThirdPartyCode, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return info.param == Resume::kSameThread ? "same_thread" : "any_thread";
});

}  // namespace
}  // namespace heddle::test
