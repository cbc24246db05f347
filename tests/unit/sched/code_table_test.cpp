// CodeTable: overlapping verdicts, judged address by address.
#include "sched/code_table.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <iostream>
#include <random>

namespace heddle::sched {
namespace {

constexpr std::uintptr_t kTop = ~std::uintptr_t{0};

TEST(CodeTable, KnowsNothingWhenItIsEmpty) {
  const CodeTable table({});
  for (const std::uintptr_t pc : {std::uintptr_t{0}, std::uintptr_t{1}, kTop})
    EXPECT_EQ(table.at(pc), Verdict::kUnknown);
}

TEST(CodeTable, ASpanIsHalfOpen) {
  const CodeTable table({{10, 20, Verdict::kAllowed}, {30, 30, Verdict::kAllowed}});
  EXPECT_EQ(table.at(9), Verdict::kUnknown);
  EXPECT_EQ(table.at(10), Verdict::kAllowed);
  EXPECT_EQ(table.at(19), Verdict::kAllowed);
  EXPECT_EQ(table.at(20), Verdict::kUnknown);
  EXPECT_EQ(table.at(30), Verdict::kUnknown);
}

TEST(CodeTable, TheHighestVerdictCounts) {
  const CodeTable table({{0, 100, Verdict::kRefused}, {20, 60, Verdict::kAllowed}, {40, 50, Verdict::kForbidden}});
  EXPECT_EQ(table.at(0), Verdict::kRefused);
  EXPECT_EQ(table.at(20), Verdict::kAllowed);
  EXPECT_EQ(table.at(40), Verdict::kForbidden);
  EXPECT_EQ(table.at(50), Verdict::kAllowed);
  EXPECT_EQ(table.at(60), Verdict::kRefused);
}

TEST(CodeTable, IsTheSameHoweverItsSpansAreCut) {
  const CodeTable whole({{0, 100, Verdict::kAllowed}});
  EXPECT_EQ(CodeTable({{50, 100, Verdict::kAllowed}, {0, 50, Verdict::kAllowed}, {10, 60, Verdict::kRefused}}), whole);
  EXPECT_NE(CodeTable({{50, 100, Verdict::kAllowed}, {0, 49, Verdict::kAllowed}}), whole);
}

TEST(CodeTable, JudgesAsTheSpansDoOneByOne) {
  const std::uint64_t seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937_64 random(seed);
  for (int round = 0; round < 500; ++round) {
    std::vector<CodeSpan> spans(random() % 8);
    for (CodeSpan& span : spans) {
      span.lo = random() % 40;
      span.hi = random() % 40;
      span.verdict = static_cast<Verdict>(1 + random() % 3);
    }
    const CodeTable table(spans);
    for (std::uintptr_t pc = 0; pc < 42; ++pc) {
      Verdict expected = Verdict::kUnknown;
      for (const CodeSpan& span : spans)
        if (pc >= span.lo && pc < span.hi) expected = std::max(expected, span.verdict);
      ASSERT_EQ(table.at(pc), expected) << "round " << round << ", address " << pc;
    }
  }
}

}  // namespace
}  // namespace heddle::sched
