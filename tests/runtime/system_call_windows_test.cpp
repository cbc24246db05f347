// windows::system_call in fibers: arguments and results of every kind, last errors, procedures that block and that call back.
#include "runtime/child.hpp"
#include "runtime/each_strategy.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <windows.h>
#include <array>
#include <atomic>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::milliseconds;
using windows::get_proc_address;
using windows::kMaxWords;
using windows::load_library;
using windows::Procedure;
using windows::system_call;

// --- Procedures -------------------------------------------------------------------------------------------------------

/// A number that depends on each word and on its place.
std::uintptr_t digest(const std::uintptr_t* words, std::size_t count) {
  std::uintptr_t sum = count + 1;
  for (std::size_t i = 0; i < count; ++i) sum = sum * 31 + words[i];
  return sum;
}

template <std::size_t>
using Word = std::uintptr_t;

constexpr std::uintptr_t word(std::size_t index) {
  return static_cast<std::uintptr_t>(0x9e37'79b9'7f4a'7c15ull * (index + 1));
}

/// As many arguments as indices, in both conventions; amd64 has but one.
template <class Indices>
struct Taking;
template <std::size_t... I>
struct Taking<std::index_sequence<I...>> {
  static std::uintptr_t __cdecl by_cdecl(Word<I>... words) {
    const std::uintptr_t given[] = {words..., 0};
    return digest(given, sizeof...(I));
  }
  static std::uintptr_t __stdcall by_stdcall(Word<I>... words) {
    const std::uintptr_t given[] = {words..., 0};
    return digest(given, sizeof...(I));
  }
  static void check() {
    const std::uintptr_t words[] = {word(I)..., 0};
    const std::uintptr_t wanted = digest(words, sizeof...(I));
    EXPECT_EQ(system_call(by_cdecl, word(I)...).value, wanted) << sizeof...(I);
    EXPECT_EQ(system_call(by_stdcall, word(I)...).value, wanted) << sizeof...(I);
    const std::span<const std::uintptr_t> as_span(words, sizeof...(I));
    EXPECT_EQ(system_call(by_cdecl, as_span).value, wanted) << sizeof...(I);
    EXPECT_EQ(system_call(by_stdcall, as_span).value, wanted) << sizeof...(I);
  }
};

DWORD __stdcall block_and_fail(HANDLE event, DWORD error) {
  const DWORD before = GetLastError();
  WaitForSingleObject(event, INFINITE);
  SetLastError(error);
  return before;
}

class SystemCall : public WithStrategy {
 protected:
  static void in_fiber(const std::function<void()>& body) {
    passes_in_child([&] { run(configured(), body); }, std::chrono::seconds(30));
  }
};

TEST_P(SystemCall, HasNoneToFortyTwoArguments) {
  in_fiber([] {
    for (int round = 0; round < 20; ++round) {
      [&]<std::size_t... Count>(std::index_sequence<Count...>) {
        (Taking<std::make_index_sequence<Count>>::check(), ...);
      }
      (std::make_index_sequence<kMaxWords + 1>());
    }
  });
}

TEST_P(SystemCall, RefusesOneMoreAndNoProcedure) {
  in_fiber([] {
    const std::vector<std::uintptr_t> words(kMaxWords + 1);
    try {
      system_call(Taking<std::make_index_sequence<kMaxWords>>::by_cdecl, words);
      FAIL();
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find("more than 42 words"), std::string::npos) << error.what();
    }
    EXPECT_THROW(system_call(Procedure(nullptr)), std::invalid_argument);
  });
}

double __stdcall mix(int a, double b, float c, std::int64_t d, float e, double f, short g) {
  return a + 2 * b + 4 * static_cast<double>(c) + 8 * static_cast<double>(d) + 16 * static_cast<double>(e) + 32 * f + 64 * g;
}
float quotient(float a, float b) {
  return a / b;
}
std::int64_t __stdcall wide(std::int64_t a, int b, std::uint64_t c) {
  return a * b - static_cast<std::int64_t>(c >> 1);
}
bool is_odd(int number) {
  return number % 2 != 0;
}
short half(short number) {
  return static_cast<short>(number / 2);
}

TEST_P(SystemCall, HasArgumentsAndResultsOfEveryKind) {
  in_fiber([] {
    EXPECT_EQ(system_call<double>(mix, -1, 2.5, 0.5f, std::int64_t{-3'000'000'000}, 1.25f, 1e-3, short{-7}).value,
              mix(-1, 2.5, 0.5f, -3'000'000'000, 1.25f, 1e-3, -7));
    EXPECT_EQ(system_call<float>(quotient, 1.0f, 3.0f).value, 1.0f / 3.0f);
    EXPECT_EQ(system_call<std::int64_t>(wide, std::int64_t{-5'000'000'000}, 3, 0x8000'0000'0000'0001u).value,
              wide(-5'000'000'000, 3, 0x8000'0000'0000'0001));
    EXPECT_TRUE(system_call<bool>(is_odd, 3).value);
    EXPECT_FALSE(system_call<bool>(is_odd, 4).value);
    EXPECT_EQ(system_call<short>(half, short{-84}).value, -42);
    int local = 0;
    const auto same = +[](int* pointer, std::nullptr_t) { return pointer; };
    EXPECT_EQ(system_call<int*>(same, &local, nullptr).value, &local);
  });
}

TEST_P(SystemCall, OfAProcedureWithoutAPrototype) {
  in_fiber([] {
    const Procedure print = get_proc_address(load_library("msvcrt.dll"), "sprintf");
    char text[100];
    const auto printed = system_call<int>(print, text, "%d %s %g %c %g", -5, "five", 0.125, 'x', -1e100);
    EXPECT_STREQ(text, "-5 five 0.125 x -1e+100");
    EXPECT_EQ(printed.value, static_cast<int>(std::strlen(text)));
  });
}

// --- The last error -----------------------------------------------------------------------------------------------------

TEST_P(SystemCall, LastErrorIsZeroBefore) {
  in_fiber([] {
    SetLastError(77);
    const auto [before, error] = system_call<DWORD>(GetLastError);
    EXPECT_EQ(before, 0u);
    EXPECT_EQ(error, 0u);
    EXPECT_EQ(system_call(SetLastError, DWORD{1234}).last_error, 1234u);
    EXPECT_EQ(GetLastError(), 1234u);
    const auto [file, why] = system_call<HANDLE>(CreateFileW, L"no folder\\no file", GENERIC_READ, DWORD{0}, nullptr,
                                                 DWORD{OPEN_EXISTING}, DWORD{0}, nullptr);
    EXPECT_EQ(file, INVALID_HANDLE_VALUE);
    EXPECT_EQ(why, DWORD{ERROR_PATH_NOT_FOUND});
    EXPECT_EQ(GetLastError(), DWORD{ERROR_PATH_NOT_FOUND});
  });
}

// All of them block, so that each has a thread of its own, and when they come back there are fewer processors than threads.
TEST_P(SystemCall, LastErrorIsTheFibersOnWhateverThreadItGoesOn) {
  in_fiber([] {
    constexpr DWORD kFibers = 20;
    for (int round = 0; round < 5; ++round) {
      const HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
      std::atomic<DWORD> begun{0};
      std::vector<Fiber> fibers;
      for (DWORD i = 0; i < kFibers; ++i) {
        fibers.emplace_back([&, i] {
          ++begun;
          const auto [before, error] = system_call<DWORD>(block_and_fail, event, 1000 + i);
          const DWORD after = GetLastError();
          EXPECT_EQ(before, 0u);
          EXPECT_EQ(error, 1000 + i);
          EXPECT_EQ(after, 1000 + i);
          this_fiber::yield();
          EXPECT_EQ(GetLastError(), 1000 + i);
        });
      }
      while (begun < kFibers) this_fiber::sleep_for(milliseconds(1));
      SetEvent(event);
      fibers.clear();
      CloseHandle(event);
    }
  });
}

// --- Waiting and calling back -------------------------------------------------------------------------------------------

TEST_P(SystemCall, OneThatBlocksKeepsNobodyFromRunning) {
  in_fiber([] {
    const HANDLE event = CreateEventW(nullptr, FALSE, FALSE, nullptr);
    for (int round = 0; round < 5; ++round) {
      Fiber other([&] { SetEvent(event); });
      EXPECT_EQ(system_call<DWORD>(WaitForSingleObject, event, INFINITE).value, WAIT_OBJECT_0);
      other.join();

      std::atomic<bool> ran{false};
      Fiber beside([&] { ran = true; });
      while (!ran) system_call(Sleep, DWORD{20});
    }
    CloseHandle(event);
  });
}

struct Languages {
  Channel<int> asks{0}, answers{0};
  std::atomic<int> visits{0};
};

// The system may call with a stack that is aligned to 4 bytes only (386).
[[gnu::force_align_arg_pointer]] BOOL CALLBACK visit_language(LPWSTR, LONG_PTR argument) {
  return callback([argument] {
    auto& languages = *reinterpret_cast<Languages*>(argument);
    languages.asks.send(++languages.visits);
    return *languages.answers.receive() == languages.visits ? TRUE : FALSE;
  });
}

TEST_P(SystemCall, ACallbackOfTheSystemsMayWait) {
  in_fiber([] {
    Languages languages;
    Fiber answering([&] {
      for (int ask : languages.asks) languages.answers.send(ask);
    });
    const auto [done, error] = system_call<BOOL>(EnumUILanguagesW, visit_language, DWORD{MUI_LANGUAGE_ID},
                                                 reinterpret_cast<LONG_PTR>(&languages));
    EXPECT_NE(done, FALSE) << error;
    EXPECT_GT(languages.visits, 0);
    languages.asks.close();
  });
}

std::uintptr_t __stdcall call_back(int depth, std::uintptr_t a, std::uintptr_t b, std::uintptr_t c, std::uintptr_t d) {
  return callback([=] {
    this_fiber::yield();
    this_fiber::sleep_for(milliseconds(1));
    if (depth == 0) return a + b + c + d;
    return system_call(call_back, depth - 1, a, b, c, d).value + 1;
  });
}

TEST_P(SystemCall, NestsInCallbacks) {
  in_fiber([] {
    std::vector<Fiber> fibers;
    for (std::uintptr_t i = 0; i < 10; ++i)
      fibers.emplace_back([i] { EXPECT_EQ(system_call(call_back, 5, i, i, i, i).value, 4 * i + 5); });
  });
}

std::uintptr_t __stdcall leave(int how, std::uintptr_t, std::uintptr_t, std::uintptr_t, std::uintptr_t) {
  if (how == 0) throw std::out_of_range("thrown by the procedure");
  return callback([]() -> std::uintptr_t {
    this_fiber::yield();
    throw std::domain_error("thrown by a callback");
  });
}

TEST_P(SystemCall, ExceptionsComeOut) {
  in_fiber([] {
    for (std::uintptr_t i = 0; i < 50; ++i) {
      EXPECT_THROW(system_call(leave, 0, i, i, i, i), std::out_of_range);
      EXPECT_THROW(system_call(leave, 1, i, i, i, i), std::domain_error);
      EXPECT_EQ(system_call(SetLastError, DWORD{5}).last_error, 5u);
    }
  });
}

TEST_P(SystemCall, WorksOnOrdinaryThreadsAndInForeignCalls) {
  in_fiber([] {
    std::thread([] { EXPECT_EQ(system_call<int>(GetCurrentThreadId).value, static_cast<int>(GetCurrentThreadId())); }).join();
    foreign_call([] { EXPECT_EQ(system_call<DWORD>(GetCurrentThreadId).value, GetCurrentThreadId()); });
    blocking([] { system_call(Sleep, DWORD{1}); });
  });
}

// --- Libraries ----------------------------------------------------------------------------------------------------------

TEST_P(SystemCall, LibrariesAndProceduresAreFoundByName) {
  in_fiber([] {
    void* const kernel = load_library("kernel32.dll");
    EXPECT_EQ(kernel, GetModuleHandleW(L"kernel32.dll"));
    const Procedure ticks = get_proc_address(kernel, "GetTickCount64");
    const ULONGLONG before = GetTickCount64();
    const auto now = system_call<std::uint64_t>(ticks).value;
    EXPECT_LE(before, now);
    EXPECT_LE(now, GetTickCount64());
  });
}

template <class Error, class F>
std::pair<int, std::string> failure(F function) {
  try {
    function();
  } catch (const Error& error) {
    int code = 0;
    if constexpr (std::is_same_v<Error, std::system_error>) {
      EXPECT_EQ(error.code().category(), std::system_category());
      code = error.code().value();
    }
    return {code, error.what()};
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST_P(SystemCall, LibrariesAndProceduresThatAreNotThereAreNamed) {
  in_fiber([] {
    const auto library = failure<std::system_error>([] { load_library("no-such-library.dll"); });
    EXPECT_EQ(library.first, ERROR_MOD_NOT_FOUND);
    EXPECT_NE(library.second.find("load_library: \"no-such-library.dll\""), std::string::npos) << library.second;
    const auto procedure = failure<std::system_error>(
        [] { get_proc_address(load_library("kernel32.dll"), "NoSuchProcedure"); });
    EXPECT_EQ(procedure.first, ERROR_PROC_NOT_FOUND);
    EXPECT_NE(procedure.second.find("get_proc_address: \"NoSuchProcedure\""), std::string::npos) << procedure.second;

    for (const std::string name : {"..\\kernel32.dll", "sub/kernel32.dll", "c:kernel32.dll", "", "\xff.dll"}) {
      const auto refused = failure<std::invalid_argument>([&] { load_library(name); });
      EXPECT_NE(refused.second.find("load_library: \"" + name + "\""), std::string::npos) << refused.second;
      EXPECT_NE(refused.second.find("without a path"), std::string::npos) << refused.second;
    }
    EXPECT_THROW(load_library(std::string("kernel32.dll\0.txt", 17)), std::invalid_argument);
    EXPECT_THROW(get_proc_address(nullptr, "GetTickCount64"), std::invalid_argument);
  });
}

INSTANTIATE_TEST_SUITE_P(Under, SystemCall,
                         testing::Values(std::tuple(std::string("none"), 1u), std::tuple(std::string(kPreemptive), 1u),
                                         std::tuple(std::string(kPreemptive), 4u)),
                         strategy_name);

}  // namespace
}  // namespace heddle::test
