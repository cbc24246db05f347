// The tree of decisions, walked depth first: which thread takes the next step, which store a load sees.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace heddle::model {

/// The step that a thread is about to take.
struct Step {
  enum class Kind { kBegin, kLoad, kStore, kChange, kFence, kAwait, kAwaitOther };
  Kind kind = Kind::kBegin;
  std::uint32_t place = 0;
  std::memory_order order = std::memory_order_relaxed;

  bool touches_place() const { return kind != Kind::kBegin && kind != Kind::kFence; }
};

/// May the order of two neighbouring steps of different threads matter?
inline bool depend(const Step& a, const Step& b) {
  if (a.kind == Step::Kind::kBegin || b.kind == Step::Kind::kBegin) return false;
  const bool seq_cst = a.order == std::memory_order_seq_cst && b.order == std::memory_order_seq_cst;
  if (!a.touches_place() || !b.touches_place()) return seq_cst;
  if (a.place != b.place) return false;
  return a.kind != Step::Kind::kLoad || b.kind != Step::Kind::kLoad || seq_cst;
}

/// A thread whose next step has been tried, so that it need not be tried again before one that it depends on.
struct Sleeper {
  std::size_t thread;
  Step step;
};
using Sleepers = std::vector<Sleeper>;

class Tree {
 public:
  struct Option {
    std::size_t choice;
    Step step;
  };

  /// From the root again; false when there is no other way.
  bool next() {
    depth_ = 0;
    while (!nodes_.empty()) {
      Node& node = nodes_.back();
      if (++node.taken < node.options.size()) return true;
      nodes_.pop_back();
    }
    return false;
  }
  void restart() { depth_ = 0; }

  /// Decides among numbers below `count`.
  std::size_t pick(std::size_t count) {
    if (count == 1) return 0;
    if (depth_ == nodes_.size()) {
      Node node;
      for (std::size_t choice = 0; choice < count; ++choice) node.options.push_back({choice, {}});
      nodes_.push_back(std::move(node));
    }
    const Node& node = nodes_[depth_++];
    return node.options[node.taken].choice;
  }

  /// Decides which thread goes on. `sleepers` becomes what sleeps behind it.
  std::size_t pick_thread(const std::vector<Option>& options, Sleepers& sleepers) {
    if (depth_ == nodes_.size()) nodes_.push_back({options, 0});
    const Node& node = nodes_[depth_++];
    const Option& taken = node.options[node.taken];
    for (std::size_t index = 0; index < node.taken; ++index)
      sleepers.push_back({node.options[index].choice, node.options[index].step});
    std::erase_if(sleepers, [&](const Sleeper& sleeper) { return depend(sleeper.step, taken.step); });
    return taken.choice;
  }

 private:
  struct Node {
    std::vector<Option> options;
    std::size_t taken = 0;
  };
  std::vector<Node> nodes_;
  std::size_t depth_ = 0;
};

}  // namespace heddle::model
