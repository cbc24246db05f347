// Which name a mistyped one stands for.
#include "config/nearest.hpp"

#include <gtest/gtest.h>

namespace heddle::config {
namespace {

TEST(Nearest, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("port", "port"), 0u);
  EXPECT_EQ(edit_distance("prot", "port"), 1u);  // swapped neighbours
  EXPECT_EQ(edit_distance("pot", "port"), 1u);
  EXPECT_EQ(edit_distance("pport", "port"), 1u);
  EXPECT_EQ(edit_distance("fort", "port"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("sitting", "kitten"), 3u);
}

TEST(Nearest, TakesTheNearestAndTheFirstAmongEquals) {
  EXPECT_EQ(nearest("strategi", {"signal", "strategy", "strategies"}), "strategy");
  EXPECT_EQ(nearest("siz", {"sizx", "size"}), "sizx");
  EXPECT_EQ(nearest("signal", {"signal"}), "signal");
}

TEST(Nearest, FindsNothingFarAway) {
  EXPECT_EQ(nearest("anything", {}), "");
  EXPECT_EQ(nearest("root", {"port"}), "");  // two edits of four letters
  EXPECT_EQ(nearest("x", {"y"}), "");
  EXPECT_EQ(nearest("schedule_workers", {"max_workers"}), "");
}

TEST(Nearest, IsQuickOnAHugeName) {
  EXPECT_EQ(nearest(std::string(50'000'000, 'p'), {"port", "port_path"}), "");
}

}  // namespace
}  // namespace heddle::config
