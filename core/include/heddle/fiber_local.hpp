// FiberLocal: a variable of which every fiber has its own.
#pragma once

#include <heddle/api.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace heddle {

namespace detail {

/// A value of one fiber. Those of a fiber are a chain, the newest first. A value is in it from before it is made until after it is
/// destroyed: a collector looks for references there (live_stacks.hpp).
struct LocalValue {
  std::size_t bytes;  // of all of it, this header included
  void (*destroy)(LocalValue* self) noexcept;
  void (*release)(LocalValue* self) noexcept;  // gives its memory back
  std::uint64_t variable = 0;                  // the FiberLocal's number; 0 while nobody is to find it
  LocalValue* next = nullptr;
};

HEDDLE_API_FUNCTION std::uint64_t new_local_variable() noexcept;

/// The caller's value, or null.
HEDDLE_API_FUNCTION LocalValue* find_local_value(std::uint64_t variable) noexcept;

/// Hands a value that is about to be made over to the caller's fiber or thread, which destroys it when it ends.
HEDDLE_API_FUNCTION void add_local_value(LocalValue* value) noexcept;

/// It has been made: it is the newest then.
HEDDLE_API_FUNCTION void finish_local_value(LocalValue* value, std::uint64_t variable) noexcept;

/// It could not be made.
HEDDLE_API_FUNCTION void drop_local_value(LocalValue* value) noexcept;

}  // namespace detail

/// A T for each fiber that asks for it, made when it first does. When a fiber's function has returned and its arguments
/// are destroyed, its values are too, the newest first, on the fiber and before a join returns. A fiber that uses none
/// pays nothing. An ordinary thread has a value of its own as well, until the thread ends: there it is a
/// `thread_local`.
///
/// `thread_local` itself belongs to the thread that a fiber happens to be on; where a fiber may go on on another one,
/// it may find another's value. A FiberLocal may be destroyed before the fibers that used it; their values stay
/// until they end. Fibers that are left when run() returns are not resumed, and their values are not destroyed. Finding a
/// value takes time in proportion to the number of a fiber's values.
template <class T>
class FiberLocal {
  static_assert(!std::is_reference_v<T> && std::is_nothrow_destructible_v<T>,
                "heddle::FiberLocal<T>: T must be an object that is destroyed without throwing");

 public:
  /// Values begin as T().
  FiberLocal() requires std::is_default_constructible_v<T> : make_([] { return T(); }) {}

  /// Values begin as what `make` returns; it runs on the fiber that needs the value, and may be called by several at
  /// once.
  explicit FiberLocal(std::function<T()> make) : make_(std::move(make)) {}

  FiberLocal(const FiberLocal&) = delete;
  FiberLocal& operator=(const FiberLocal&) = delete;

  /// The caller's value. Throws what making it throws; then the next call tries again. The reference must not outlive
  /// the fiber.
  T& get() {
    if (detail::LocalValue* value = detail::find_local_value(number_)) return static_cast<Value*>(value)->value;
    auto* made = new Value;
    detail::add_local_value(made);
    try {
      ::new (const_cast<void*>(static_cast<const volatile void*>(std::addressof(made->value)))) T(make_());
    } catch (...) {
      detail::drop_local_value(made);
      delete made;
      throw;
    }
    detail::finish_local_value(made, number_);
    return made->value;
  }
  T& operator*() { return get(); }
  T* operator->() { return &get(); }

 private:
  struct Value : detail::LocalValue {
    Value() noexcept
        : LocalValue{sizeof(Value), [](LocalValue* self) noexcept { std::destroy_at(&static_cast<Value*>(self)->value); },
                     [](LocalValue* self) noexcept { delete static_cast<Value*>(self); }} {}
    ~Value() {}
    union {
      T value;  // made and destroyed apart from its memory
    };
  };

  const std::uint64_t number_ = detail::new_local_variable();
  const std::function<T()> make_;
};

}  // namespace heddle
