// windows::system_call: procedures of Windows, and of any other library, by name or address, called so that they may block.
#pragma once

#include <heddle/port/procedure_caller.h>
#include <heddle/api.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>

namespace heddle::windows {

/// The most words that the arguments of a system_call() may have together, as in Go. A word is a std::uintptr_t. An argument has one; but two where
/// it has 64 bits and a word has 32.
inline constexpr std::size_t kMaxWords = HEDDLE_PROCEDURE_MAX_WORDS;

/// The address of a procedure: what get_proc_address() has found, or a pointer to a function of any type.
class Procedure {
 public:
  Procedure(void* address) noexcept : address_(address) {}
  template <class Function>
  requires std::is_function_v<Function> Procedure(Function* function)
  noexcept : address_(reinterpret_cast<void*>(function)) {}

  void* address() const noexcept { return address_; }

 private:
  void* address_;
};

/// What a system_call() brings back.
template <class Result>
struct SystemCallResult {
  Result value;              ///< what the procedure has returned
  std::uint32_t last_error;  ///< what GetLastError() said right after it; it was 0 before
};

/// What can be handed to a procedure, and come from one: integers, bool, enumerations, pointers, float and double. A structure is what it
/// consists of; see std::bit_cast.
template <class T>
concept SystemCallValue = (std::is_integral_v<T> || std::is_enum_v<T> || std::is_pointer_v<T> || std::is_null_pointer_v<T> ||
                           std::is_same_v<T, float> || std::is_same_v<T, double>)&&sizeof(T) <= sizeof(std::uint64_t);

namespace detail {

/// Calls call.procedure as foreign code.
HEDDLE_API_FUNCTION void call_procedure(HeddleProcedureCall& call);

template <SystemCallValue T>
inline constexpr std::size_t kWordsOf = (sizeof(T) + sizeof(std::uintptr_t) - 1) / sizeof(std::uintptr_t);

/// The words of some arguments, one after the other.
template <std::size_t Count>
class Words {
 public:
  template <SystemCallValue... T>
  explicit Words(T... arguments) noexcept {
    (add(arguments), ...);
  }

  const std::uintptr_t* data() const noexcept { return words_; }

 private:
  template <class T>
  void add(T argument) noexcept {
    if constexpr (sizeof(T) > sizeof(std::uintptr_t) || std::is_same_v<T, double>) {
      std::memcpy(words_ + used_, &argument, sizeof argument);
    } else if constexpr (std::is_same_v<T, float>) {
      words_[used_] = std::bit_cast<std::uint32_t>(argument);
    } else if constexpr (std::is_pointer_v<T>) {
      words_[used_] = reinterpret_cast<std::uintptr_t>(argument);
    } else if constexpr (std::is_null_pointer_v<T>) {
      words_[used_] = 0;
    } else {
      words_[used_] = static_cast<std::uintptr_t>(argument);  // with its sign
    }
    used_ += kWordsOf<T>;
  }

  std::uintptr_t words_[Count == 0 ? 1 : Count]{};
  std::size_t used_ = 0;
};

template <class Result>
inline constexpr std::uint32_t kResultKind = std::is_same_v<Result, float>    ? HEDDLE_PROCEDURE_FLOAT
                                             : std::is_same_v<Result, double> ? HEDDLE_PROCEDURE_DOUBLE
                                                                              : HEDDLE_PROCEDURE_INTEGER;

/// What lies beyond the type is undefined, so a bool is its lowest byte.
template <class Result>
Result value_of(const HeddleProcedureCall& call) noexcept {
  if constexpr (std::is_floating_point_v<Result>) {
    return static_cast<Result>(call.floating);
  } else if constexpr (std::is_same_v<Result, bool>) {
    return static_cast<std::uint8_t>(call.integer) != 0;
  } else if constexpr (std::is_pointer_v<Result>) {
    return reinterpret_cast<Result>(static_cast<std::uintptr_t>(call.integer));
  } else {
    return static_cast<Result>(call.integer);
  }
}

template <class Result>
SystemCallResult<Result> system_call(Procedure procedure, const std::uintptr_t* words, std::size_t count) {
  // More than there may be are refused, so it does not matter what is cut off.
  const auto words_given = static_cast<std::uint32_t>(count <= kMaxWords ? count : kMaxWords + 1);
  HeddleProcedureCall call{
      sizeof(HeddleProcedureCall), kResultKind<Result>, procedure.address(), words, words_given, 0, 0, 0};
  call_procedure(call);
  return {value_of<Result>(call), call.last_error};
}

}  // namespace detail

/// Calls the procedure with the arguments, by foreign_call(): on the system stack, so that it may block and take its time, and the fiber may go on on
/// another thread. `Result` is what it returns: of as many bits as it really has, so HANDLE, BOOL, std::uint64_t, double.
///
/// The arguments are handed over as C does without a prototype, but for a float, which stays one: give each the type that the procedure wants.
/// On 386 stdcall and cdecl are both right.
///
///     using heddle::windows::system_call;
///     auto kernel = heddle::windows::load_library("kernel32.dll");
///     auto open = heddle::windows::get_proc_address(kernel, "CreateFileW");
///     auto [file, error] = system_call<void*>(open, L"C:\\x", GENERIC_READ, 0, nullptr, OPEN_EXISTING, 0, nullptr);
///
/// The last error is 0 before the call, and afterwards it is the fiber's: in the result, and for GetLastError().
///
/// Throws std::system_error: function_not_supported on a port that does not have Windows' procedures, operation_not_permitted when no
/// run() is under way; std::invalid_argument for a null procedure; and what leaves the procedure, as foreign_call() does.
template <SystemCallValue Result = std::uintptr_t, SystemCallValue... Arguments>
requires((detail::kWordsOf<Arguments> + ... + 0) <=
         kMaxWords) SystemCallResult<Result> system_call(Procedure procedure, Arguments... arguments) {
  constexpr std::size_t kCount = (detail::kWordsOf<Arguments> + ... + 0);
  const detail::Words<kCount> words(arguments...);
  return detail::system_call<Result>(procedure, words.data(), kCount);
}

/// The same with arguments of which the number is known at run time only, a word each or, where words have 32 bits, two for 64 bits, the lower
/// half first. Throws std::invalid_argument for more than kMaxWords too.
template <SystemCallValue Result = std::uintptr_t>
SystemCallResult<Result> system_call(Procedure procedure, std::span<const std::uintptr_t> words) {
  return detail::system_call<Result>(procedure, words.data(), words.size());
}

/// Loads a library of Windows (LoadLibraryEx), from the system's folder only, so that nobody can put another in its place; but what is loaded already by
/// that name is taken as it is. It stays loaded. `name` is UTF-8 and no path ("kernel32.dll").
///
/// Throws as system_call(); std::invalid_argument for a name that is empty, a path, or not UTF-8; std::system_error with the last error, of
/// std::system_category(), when it cannot be loaded.
HEDDLE_API_FUNCTION void* load_library(const std::string& name);

/// The address of what a library exports by that name (GetProcAddress). Throws as load_library().
HEDDLE_API_FUNCTION Procedure get_proc_address(void* library, const std::string& name);

}  // namespace heddle::windows
