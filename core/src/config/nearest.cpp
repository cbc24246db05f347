#include "config/nearest.hpp"

#include <algorithm>

namespace heddle::config {

namespace {

constexpr std::size_t kMaxEdits = 2;
constexpr std::size_t kLettersPerEdit = 3;

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Optimal string alignment. Only three rows of the table are alive: the one being filled and the two before it.
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string nearest(std::string_view name, const std::vector<std::string>& candidates) {
  std::size_t least = kMaxEdits + 1;
  std::string best;
  for (const std::string& candidate : candidates) {
    const std::size_t longer = std::max(name.size(), candidate.size());
    // Lengths that differ by more than the edits allowed need no table; a name may be megabytes long.
    if (longer - std::min(name.size(), candidate.size()) > kMaxEdits) continue;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance * kLettersPerEdit > longer || distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

}  // namespace heddle::config
