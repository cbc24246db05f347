// What the checker remembers of memory: the stores of each atomic, and which of them a thread may still see.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace heddle::model {

/// For each place the number of the oldest store that may still be seen there.
class View {
 public:
  std::uint32_t at(std::uint32_t place) const { return place < oldest_.size() ? oldest_[place] : 0; }
  void raise(std::uint32_t place, std::uint32_t number) {
    if (place >= oldest_.size()) oldest_.resize(place + 1, 0);
    oldest_[place] = std::max(oldest_[place], number);
  }
  void join(const View& other) {
    if (other.oldest_.size() > oldest_.size()) oldest_.resize(other.oldest_.size(), 0);
    for (std::size_t place = 0; place < other.oldest_.size(); ++place)
      oldest_[place] = std::max(oldest_[place], other.oldest_[place]);
  }

 private:
  std::vector<std::uint32_t> oldest_;
};

struct Store {
  std::uint64_t value = 0;
  View released;  // what an acquire load of it learns
};

using Stores = std::vector<Store>;  // in the order in which they were made

/// What a thread knows of memory.
struct Knowledge {
  View now;
  View at_acquire_fence;  // learnt by relaxed loads: valid from the next acquire fence on
  View at_release_fence;  // what relaxed stores carry along since the last release fence
};

inline bool acquires(std::memory_order order) {
  return order != std::memory_order_relaxed && order != std::memory_order_release;
}
inline bool releases(std::memory_order order) {
  return order == std::memory_order_release || order == std::memory_order_acq_rel || order == std::memory_order_seq_cst;
}
inline bool is_seq_cst(std::memory_order order) {
  return order == std::memory_order_seq_cst;
}

/// The places of one execution, and the seq_cst accesses so far.
class Memory {
 public:
  std::uint32_t add(std::uint64_t value) {
    places_.push_back({Store{value, {}}});
    return static_cast<std::uint32_t>(places_.size() - 1);
  }
  const Stores& stores(std::uint32_t place) const { return places_[place]; }

  std::uint32_t newest(std::uint32_t place) const { return static_cast<std::uint32_t>(places_[place].size() - 1); }
  std::uint32_t oldest_for(const Knowledge& thread, std::uint32_t place, std::memory_order order) const {
    return is_seq_cst(order) ? std::max(thread.now.at(place), seq_cst_.at(place)) : thread.now.at(place);
  }

  std::uint64_t load(Knowledge& thread, std::uint32_t place, std::uint32_t number, std::memory_order order) {
    const Store& seen = places_[place][number];
    thread.now.raise(place, number);
    (acquires(order) ? thread.now : thread.at_acquire_fence).join(seen.released);
    if (is_seq_cst(order)) seq_cst_.raise(place, number);
    return seen.value;
  }

  void store(Knowledge& thread, std::uint32_t place, std::uint64_t value, std::memory_order order, bool continues_release) {
    Stores& stores = places_[place];
    Store store{value, {}};
    if (continues_release) store.released = stores.back().released;  // of a read-modify-write
    const auto number = static_cast<std::uint32_t>(stores.size());
    thread.now.raise(place, number);
    store.released.join(releases(order) ? thread.now : thread.at_release_fence);
    stores.push_back(std::move(store));
    if (is_seq_cst(order)) seq_cst_.raise(place, number);
  }

  void fence(Knowledge& thread, std::memory_order order) {
    if (acquires(order)) thread.now.join(thread.at_acquire_fence);
    if (is_seq_cst(order)) {
      seq_cst_.join(thread.now);
      thread.now.join(seq_cst_);
    }
    if (releases(order)) thread.at_release_fence = thread.now;
  }

  void forget() {
    places_.clear();
    seq_cst_ = {};
  }

 private:
  std::vector<Stores> places_;
  View seq_cst_;
};

}  // namespace heddle::model
