// Channel: values handed from fiber to fiber, in order.
#pragma once

#include <heddle/api.hpp>
#include <heddle/detail/wait_list.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle {

namespace detail {

class Selection;
struct SelectAccess;

/// What a channel does with its elements.
struct ElementType {
  std::size_t size;
  std::size_t align;
  void (*move)(void* to, void* from) noexcept;  ///< constructs *to from *from
  void (*destroy)(void* element) noexcept;      ///< null: nothing to do
};

/// A channel of elements whose type only ElementType knows.
class HEDDLE_API ChannelCore {
 public:
  ChannelCore(const ElementType& type, std::size_t capacity);
  ~ChannelCore();
  ChannelCore(const ChannelCore&) = delete;
  ChannelCore& operator=(const ChannelCore&) = delete;

  bool send(void* element);
  bool try_send(void* element) noexcept;
  bool receive(void* to);
  bool try_receive(void* to) noexcept;
  void close() noexcept;
  bool is_closed() const noexcept;
  std::size_t size() const noexcept;
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  friend Selection;  // select() does the same as send and receive, under several channels' locks

  enum class Outcome { kDone, kClosed, kWouldBlock };

  Outcome send_locked(void* element, sched::Waiter*& receiver);
  Outcome receive_locked(void* to, sched::Waiter*& sender);
  void* slot(std::size_t index) const noexcept;

  mutable SpinLock lock_;
  bool closed_ = false;
  const ElementType& type_;
  const std::size_t capacity_;
  std::byte* const ring_;
  std::size_t head_ = 0;   // index of the oldest element
  std::size_t count_ = 0;  // elements in the ring
  WaitList senders_;       // both lists are guarded by lock_, not by their own
  WaitList receivers_;
};

}  // namespace detail

/// A queue of up to `capacity` elements; with capacity 0 a sender waits until a receiver takes its element. First in,
/// first out, also among those that wait. Every function works from fibers and from ordinary threads, where a wait
/// blocks the thread; the try_ functions and close() never wait. Destroying a channel that someone waits for is an
/// error of the program.
template <class T>
class Channel {
  static_assert(std::is_nothrow_move_constructible_v<T> && std::is_nothrow_destructible_v<T>,
                "heddle::Channel<T>: T must move and be destroyed without throwing; send a std::unique_ptr<T> instead");

 public:
  explicit Channel(std::size_t capacity = 0) : core_(kType, capacity) {}

  /// Returns false, and leaves the value as it was, when the channel is closed before the value could be handed over.
  bool send(T&& value) { return core_.send(std::addressof(value)); }
  bool send(const T& value) {
    T copy(value);
    return core_.send(std::addressof(copy));
  }

  /// Returns false, and leaves the value as it was, when that would have to wait or the channel is closed.
  bool try_send(T&& value) noexcept { return core_.try_send(std::addressof(value)); }
  bool try_send(const T& value) {
    T copy(value);
    return core_.try_send(std::addressof(copy));
  }

  /// The next element; nothing once the channel is closed and empty.
  std::optional<T> receive() {
    return take([this](void* to) { return core_.receive(to); });
  }

  /// The next element if there is one now.
  std::optional<T> try_receive() {
    return take([this](void* to) { return core_.try_receive(to); });
  }

  /// No element can be sent any more; those in the channel can still be received. Closing twice is allowed.
  void close() noexcept { core_.close(); }

  bool is_closed() const noexcept { return core_.is_closed(); }
  std::size_t size() const noexcept { return core_.size(); }  ///< elements in the buffer at some instant
  std::size_t capacity() const noexcept { return core_.capacity(); }

  /// Receives until the channel is closed and empty: `for (T& value : channel)`.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = T*;
    using reference = T&;

    explicit Iterator(Channel* channel) : channel_(channel), value_(channel->receive()) {}

    T& operator*() const { return *value_; }
    T* operator->() const { return std::addressof(*value_); }
    Iterator& operator++() {
      value_.reset();
      if (std::optional<T> next = channel_->receive()) value_.emplace(std::move(*next));
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return !it.value_; }

   private:
    Channel* channel_;
    mutable std::optional<T> value_;
  };

  Iterator begin() { return Iterator(this); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend detail::SelectAccess;

  static void move(void* to, void* from) noexcept { ::new (to) T(std::move(*static_cast<T*>(from))); }
  static void destroy(void* element) noexcept { std::destroy_at(static_cast<T*>(element)); }
  static constexpr detail::ElementType kType{sizeof(T), alignof(T), &move,
                                             std::is_trivially_destructible_v<T> ? nullptr : &destroy};

  template <class Receive>
  static std::optional<T> take(Receive receive) {
    union Slot {
      Slot() noexcept {}
      ~Slot() {}
      T value;
    } slot;
    if (!receive(std::addressof(slot.value))) return std::nullopt;
    std::optional<T> result(std::move(slot.value));
    std::destroy_at(std::addressof(slot.value));
    return result;
  }

  detail::ChannelCore core_;
};

}  // namespace heddle
