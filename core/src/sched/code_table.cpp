#include "sched/code_table.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace heddle::sched {

namespace {

/// Where a span begins or ends.
struct Edge {
  std::uintptr_t at;
  Verdict verdict;
  int step;  // how many more spans with that verdict lie behind it: 1 or -1
};

std::vector<Edge> edges_of(const std::vector<CodeSpan>& spans) {
  std::vector<Edge> edges;
  for (const CodeSpan& span : spans) {
    if (span.lo >= span.hi) continue;
    edges.push_back({span.lo, span.verdict, 1});
    edges.push_back({span.hi, span.verdict, -1});
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.at < b.at; });
  return edges;
}

/// How many spans with each verdict cover an address.
using Cover = std::array<int, 4>;

Verdict highest(const Cover& cover) {
  std::size_t verdict = cover.size() - 1;
  while (verdict > 0 && cover[verdict] == 0) --verdict;
  return static_cast<Verdict>(verdict);
}

}  // namespace

CodeTable::CodeTable(const std::vector<CodeSpan>& spans) {
  Cover cover{};
  std::uintptr_t from = 0;
  for (const Edge& edge : edges_of(spans)) {
    append(from, edge.at, highest(cover));
    cover[static_cast<std::size_t>(edge.verdict)] += edge.step;
    from = edge.at;
  }
}

void CodeTable::append(std::uintptr_t lo, std::uintptr_t hi, Verdict verdict) {
  if (lo == hi || verdict == Verdict::kUnknown) return;
  if (!spans_.empty() && spans_.back().hi == lo && spans_.back().verdict == verdict) {
    spans_.back().hi = hi;
  } else {
    spans_.push_back({lo, hi, verdict});
  }
}

Verdict CodeTable::at(std::uintptr_t pc) const noexcept {
  const auto after = std::upper_bound(spans_.begin(), spans_.end(), pc,
                                      [](std::uintptr_t at, const CodeSpan& span) { return at < span.lo; });
  if (after == spans_.begin() || pc >= (after - 1)->hi) return Verdict::kUnknown;
  return (after - 1)->verdict;
}

}  // namespace heddle::sched
