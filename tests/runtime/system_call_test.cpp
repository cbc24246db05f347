// windows::system_call on any port: how arguments become words, what is refused at compile time and at run time.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <bit>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace heddle::test {
namespace {

using windows::kMaxWords;
using windows::Procedure;

void procedure() {}

// --- At compile time -------------------------------------------------------------------------------------------------

template <class T, std::size_t... I>
constexpr bool can_call(std::index_sequence<I...>) {
  return requires(std::array<T, sizeof...(I)> values) {
    windows::system_call(Procedure(procedure), values[I]...);
  };
}
template <class T, std::size_t Count>
constexpr bool kCanCall = can_call<T>(std::make_index_sequence<Count>());

static_assert(kCanCall<std::uintptr_t, 0> && kCanCall<std::uintptr_t, 42> && !kCanCall<std::uintptr_t, 43>);
static_assert(kCanCall<short, 42> && !kCanCall<bool, 43> && kCanCall<float, 42>);
static_assert(kCanCall<double, 42 * sizeof(std::uintptr_t) / 8> && !kCanCall<double, 42 * sizeof(std::uintptr_t) / 8 + 1>);
static_assert(kCanCall<std::uint64_t, 42 * sizeof(std::uintptr_t) / 8> &&
              !kCanCall<std::uint64_t, 42 * sizeof(std::uintptr_t) / 8 + 1>);
static_assert(kCanCall<const wchar_t*, 1> && kCanCall<void (*)(), 1> && kCanCall<std::nullptr_t, 1>);
static_assert(!kCanCall<std::string, 1> && !kCanCall<long double, 1> && !kCanCall<std::array<int, 1>, 1>);

// --- Words -----------------------------------------------------------------------------------------------------------

template <class... T>
std::vector<std::uintptr_t> words_of(T... arguments) {
  constexpr std::size_t kCount = (windows::detail::kWordsOf<T> + ... + 0);
  const windows::detail::Words<kCount> words(arguments...);
  return {words.data(), words.data() + kCount};
}

TEST(SystemCallWords, AreOneForWhatFits) {
  enum class Small : std::int8_t { kOne = 1, kMinusTwo = -2 };
  int local = 0;
  const auto words = words_of(5, -1, true, 'x', Small::kMinusTwo, &local, procedure, nullptr, 0x8000'0000u, 0.5f);
  const std::vector<std::uintptr_t> wanted = {5,
                                              ~std::uintptr_t{0},
                                              1,
                                              'x',
                                              ~std::uintptr_t{1},
                                              reinterpret_cast<std::uintptr_t>(&local),
                                              reinterpret_cast<std::uintptr_t>(procedure),
                                              0,
                                              0x8000'0000u,
                                              0x3f00'0000u};
  EXPECT_EQ(words, wanted);
}

TEST(SystemCallWords, AreSixtyFourBitsAsTheyLieInMemory) {
  constexpr std::uint64_t kBits = 0x0123'4567'89ab'cdef;
  const double number = std::bit_cast<double>(kBits);
  constexpr std::size_t kEach = 8 / sizeof(std::uintptr_t);
  for (const auto& words : {words_of(7, kBits, 8), words_of(7, number, 8)}) {
    ASSERT_EQ(words.size(), 2 + kEach);
    std::uint64_t seen = 0;
    std::memcpy(&seen, words.data() + 1, sizeof seen);
    EXPECT_EQ(seen, kBits);
    EXPECT_EQ(words.front(), 7u);
    EXPECT_EQ(words.back(), 8u);
  }
}

// --- Where it is refused ------------------------------------------------------------------------------------------------

/// What() of the std::system_error with that code that the function throws.
template <class F>
std::string refusal(std::errc code, F function) {
  try {
    function();
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::make_error_code(code)) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

void expect_refusals(std::errc code, const std::string& because) {
  const auto call = refusal(code, [] { windows::system_call(procedure, 1, 2); });
  EXPECT_NE(call.find("heddle::windows::system_call: " + because), std::string::npos) << call;
  const auto words = refusal(code, [] { windows::system_call(procedure, std::span<const std::uintptr_t>()); });
  EXPECT_NE(words.find("heddle::windows::system_call: " + because), std::string::npos) << words;
  const auto library = refusal(code, [] { windows::load_library("kernel32.dll"); });
  EXPECT_NE(library.find("heddle::windows::load_library: " + because), std::string::npos) << library;
  const auto found = refusal(code, [] { windows::get_proc_address(nullptr, "GetTickCount64"); });
  EXPECT_NE(found.find("heddle::windows::get_proc_address: " + because), std::string::npos) << found;
}

TEST(SystemCallWithoutARuntime, IsRefused) {
  expect_refusals(std::errc::operation_not_permitted, "no runtime is running");
  run(config("none", 1), [] {});
  expect_refusals(std::errc::operation_not_permitted, "no runtime is running");
}

TEST(SystemCallOnAnotherSystem, IsRefusedWithTheNamesOfPortAndInterface) {
  if (std::string(HEDDLE_TEST_PORT).starts_with("windows")) GTEST_SKIP() << "the ports of Windows have the interface";
  passes_in_child([] {
    run(config("none", 1), [] {
      expect_refusals(std::errc::function_not_supported,
                      "the port " + std::string(HEDDLE_TEST_PORT) + " has no interface heddle.procedure_caller/1");
      std::thread([] { expect_refusals(std::errc::function_not_supported, "the port "); }).join();
      foreign_call([] { expect_refusals(std::errc::function_not_supported, "the port "); });
    });
  });
}

}  // namespace
}  // namespace heddle::test
