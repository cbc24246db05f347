// Durations and sizes, both ways.
#include "config/units.hpp"

#include <gtest/gtest.h>

namespace heddle::config {
namespace {

using namespace std::chrono_literals;

TEST(Units, ReadsDurations) {
  EXPECT_EQ(parse_duration("0s"), 0ns);
  EXPECT_EQ(parse_duration("7ns"), 7ns);
  EXPECT_EQ(parse_duration("100us"), 100us);
  EXPECT_EQ(parse_duration("10ms"), 10ms);
  EXPECT_EQ(parse_duration("3600s"), 3600s);
  EXPECT_EQ(parse_duration("9223372036854775807ns"), std::chrono::nanoseconds::max());
}

TEST(Units, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "s", "10", "10 ms", " 10ms", "10ms ", "-1ms", "+1ms", "1.5ms", "1e3ms", "10MS", "10m",
                           "10KiB", "9223372036854775808ns", "9223372037s", "99999999999999999999ns"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Units, ReadsSizes) {
  EXPECT_EQ(parse_size("0B"), 0u);
  EXPECT_EQ(parse_size("1B"), 1u);
  EXPECT_EQ(parse_size("64KiB"), 65536u);
  EXPECT_EQ(parse_size("64MiB"), 67108864u);
  EXPECT_EQ(parse_size("1GiB"), 1073741824u);
  EXPECT_EQ(parse_size("18446744073709551615B"), UINT64_MAX);
}

TEST(Units, RefusesWhatIsNoSize) {
  for (const char* text :
       {"", "B", "64", "64 KiB", "64KB", "64kib", "-1B", "1.5MiB", "10ms", "18446744073709551616B", "17179869184GiB"})
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

TEST(Units, ReadsCounts) {
  EXPECT_EQ(parse_count("0"), 0u);
  EXPECT_EQ(parse_count("1024"), 1024u);
  for (const char* text : {"", " 1", "1 ", "-1", "+1", "0x10", "1.0", "18446744073709551616"})
    EXPECT_EQ(parse_count(text), std::nullopt) << text;
}

TEST(Units, PrintsInTheLargestUnitThatFits) {
  EXPECT_EQ(format_duration(0ns), "0s");
  EXPECT_EQ(format_duration(1ns), "1ns");
  EXPECT_EQ(format_duration(1500ns), "1500ns");
  EXPECT_EQ(format_duration(1500us), "1500us");
  EXPECT_EQ(format_duration(10ms), "10ms");
  EXPECT_EQ(format_duration(60s), "60s");
  EXPECT_EQ(format_size(0), "0B");
  EXPECT_EQ(format_size(1023), "1023B");
  EXPECT_EQ(format_size(64 * 1024), "64KiB");
  EXPECT_EQ(format_size(1 << 20), "1MiB");
  EXPECT_EQ(format_size(1536u << 20), "1536MiB");
  EXPECT_EQ(format_size(1u << 30), "1GiB");
}

}  // namespace
}  // namespace heddle::config
