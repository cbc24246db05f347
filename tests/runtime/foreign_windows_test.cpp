// What foreign code and Windows have in common: threads made by CreateThread, the system's thread pool and timers, calling conventions,
// structured exceptions, and a thread's end under the loader's lock.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <windows.h>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ostream>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::milliseconds;

/// Runs entry(argument) on a thread that neither the runtime nor the C library has made; its exit code.
DWORD on_a_thread(LPTHREAD_START_ROUTINE entry, void* argument) {
  const HANDLE thread = CreateThread(nullptr, 0, entry, argument, 0, nullptr);
  EXPECT_NE(thread, nullptr);
  blocking([&] { WaitForSingleObject(thread, INFINITE); });
  DWORD code = 0;
  GetExitCodeThread(thread, &code);
  CloseHandle(thread);
  return code;
}

/// The same for any body.
template <class Body>
void on_a_thread(Body body) {
  on_a_thread(
      [](void* argument) WINAPI -> DWORD {
        (*static_cast<Body*>(argument))();
        return 0;
      },
      &body);
}

class ForeignThreadOnWindows : public testing::TestWithParam<std::uint32_t> {
 protected:
  static Config configured() { return config(kPreemptive, GetParam()); }
};

/// The values of all slots of the calling thread.
std::vector<void*> slots_now() {
  constexpr DWORD kSlots = 1088;
  std::vector<void*> slots;
  const DWORD error = GetLastError();
  for (DWORD i = 0; i < kSlots; ++i) slots.push_back(TlsGetValue(i));
  SetLastError(error);
  return slots;
}

// R18.
TEST_P(ForeignThreadOnWindows, LeavesNoTraceInItsSlots) {
  passes_in_child([] {
    run(configured(), [] {
      on_a_thread([] {
        callback([] {});
        std::vector<void*> inside;
        callback([&] { inside = slots_now(); });
        const std::vector<void*> after = slots_now();
        int changed = 0;
        for (std::size_t i = 0; i < after.size(); ++i) {
          if (inside[i] == after[i]) continue;
          ++changed;
          EXPECT_EQ(after[i], nullptr);
        }
        EXPECT_EQ(changed, 1);
      });
    });
  });
}

DWORD WINAPI entry_that_calls_back(void* argument) {
  return callback([&] { return static_cast<DWORD>(reinterpret_cast<std::uintptr_t>(argument)); });
}

DWORD WINAPI entry_that_exits(void* argument) {
  ExitThread(entry_that_calls_back(argument));
}

DWORD handles_now() {
  DWORD count = 0;
  GetProcessHandleCount(GetCurrentProcess(), &count);
  return count;
}

// R18.
TEST_P(ForeignThreadOnWindows, ComesAndGoesWithoutALeak) {
  passes_in_child(
      [] {
        run(configured(), [] {
          void* const argument = reinterpret_cast<void*>(std::uintptr_t{123});
          std::uint64_t workers = 0;
          DWORD handles = 0;
          const std::size_t rounds = scaled(500);
          for (std::size_t round = 0; round < rounds; ++round) {
            ASSERT_EQ(on_a_thread(round % 2 ? entry_that_exits : entry_that_calls_back, argument), 123U);
            if (round != rounds / 10) continue;
            workers = stats().workers;
            handles = handles_now();
          }
          EXPECT_LE(stats().workers, workers + 2);
          EXPECT_LE(stats().borrowed_workers, 2U);
          EXPECT_LE(handles_now(), handles + 10);
        });
      },
      std::chrono::seconds(60));
}

/// What work for the system's thread pool shares.
struct PoolScene {
  Channel<int> ticks{4};
  Mutex mutex;
  int calls = 0;

  void work() {
    callback([this] {
      const std::lock_guard lock(mutex);
      this_fiber::yield();
      ++calls;
    });
  }
};

TEST_P(ForeignThreadOnWindows, OfTheThreadPool) {
  passes_in_child([] {
    run(configured(), [] {
      PoolScene scene;
      const int wanted = static_cast<int>(scaled(100));
      const PTP_WORK work = CreateThreadpoolWork([](PTP_CALLBACK_INSTANCE, void* argument, PTP_WORK)
                                                     WINAPI { static_cast<PoolScene*>(argument)->work(); },
                                                 &scene, nullptr);
      ASSERT_NE(work, nullptr);
      for (int i = 0; i < wanted; ++i) SubmitThreadpoolWork(work);
      blocking([&] { WaitForThreadpoolWorkCallbacks(work, FALSE); });
      CloseThreadpoolWork(work);
      EXPECT_EQ(scene.calls, wanted);
    });
  });
}

TEST_P(ForeignThreadOnWindows, OfASimpleCallbackOfTheThreadPool) {
  passes_in_child([] {
    run(configured(), [] {
      PoolScene scene;
      constexpr int kCalls = 20;
      for (int i = 0; i < kCalls; ++i) {
        ASSERT_NE(TrySubmitThreadpoolCallback(
                      [](PTP_CALLBACK_INSTANCE, void* argument)
                          WINAPI { callback([argument] { static_cast<PoolScene*>(argument)->ticks.send(1); }); },
                      &scene, nullptr),
                  0);
      }
      for (int i = 0; i < kCalls; ++i) EXPECT_EQ(scene.ticks.receive(), 1);
    });
  });
}

TEST_P(ForeignThreadOnWindows, OfATimerQueue) {
  passes_in_child([] {
    run(configured(), [] {
      PoolScene scene;
      HANDLE timer = nullptr;
      ASSERT_NE(CreateTimerQueueTimer(
                    &timer, nullptr,
                    [](void* argument, BOOLEAN)
                        WINAPI { callback([argument] { static_cast<PoolScene*>(argument)->ticks.try_send(1); }); },
                    &scene, 1, 1, WT_EXECUTEDEFAULT),
                0);
      for (int i = 0; i < 20; ++i) EXPECT_EQ(scene.ticks.receive(), 1);
      blocking([&] { DeleteTimerQueueTimer(nullptr, timer, INVALID_HANDLE_VALUE); });
    });
  });
}

// R13: a destructor calls in as the thread ends, before or after the runtime's own has run. Not that of a thread_local, whose memory may be gone
// by then where it is emulated.
struct CallsBackAtTheEnd {
  std::atomic<int>* calls = nullptr;
  ~CallsBackAtTheEnd() {
    callback([this] { ++*calls; });
  }
};

TEST_P(ForeignThreadOnWindows, CallsBackFromDestructorsAtItsEnd) {
  passes_in_child([] {
    run(configured(), [] {
      static FiberLocal<CallsBackAtTheEnd> local;
      std::atomic<int> calls{0};
      for (int round = 0; round < 20; ++round) {
        const bool bound_first = round % 4 < 2;
        const auto body = [&] {
          if (bound_first) callback([] {});
          local->calls = &calls;
          if (!bound_first) callback([] {});
        };
        round % 2 ? on_a_thread(body) : blocking([&] { std::thread(body).join(); });
      }
      EXPECT_EQ(calls, 20);
      EXPECT_LE(stats().borrowed_workers, 2U);
    });
  });
}

TEST_P(ForeignThreadOnWindows, TheMainThreadMayEndTheProcessWhileItIsBound) {
  const Outcome outcome = in_child([] {
    std::atomic<bool> up{false};
    std::thread runtime([&] {
      run(configured(), [&] {
        up = true;
        for (;;) this_fiber::yield();
      });
    });
    while (!up) std::this_thread::yield();
    for (int i = 0; i < 100; ++i) callback([] { this_fiber::yield(); });
    std::exit(42);
  });
  EXPECT_EQ(outcome.exit_code, 42) << describe(outcome);
}

INSTANTIATE_TEST_SUITE_P(On, ForeignThreadOnWindows, testing::Values(1u, 2u));

// --- R26: what native code is given ------------------------------------------------------------------------------------------

std::uintptr_t stack_pointer() {
  std::uintptr_t sp;
#ifdef __x86_64__
  asm volatile("movq %%rsp, %0" : "=r"(sp));
#else
  asm volatile("movl %%esp, %0" : "=r"(sp));
#endif
  return sp;
}

template <class T>
std::uintptr_t word_of(T value) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<std::uintptr_t>(value);
  } else {
    return static_cast<std::uintptr_t>(value);
  }
}

template <class T>
T value_of(std::uintptr_t word) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<T>(word);
  } else {
    return static_cast<T>(word);
  }
}

int misaligned = 0;

/// The body of each callback: it waits, and its frame is aligned as the compiler takes for granted.
template <class... Args>
std::uintptr_t sum_of(Args... args) {
  return callback([=] {
    alignas(16) volatile char aligned[16] = {};
    if (reinterpret_cast<std::uintptr_t>(&aligned[0]) % 16 != 0) ++misaligned;
    if (reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) % sizeof(void*) != 0) ++misaligned;
    this_fiber::yield();
    std::uintptr_t sum = 0;
    ((sum = sum * 3 + word_of(args)), ...);
    return sum;
  });
}

template <class... Args>
struct Callee {
  static std::uintptr_t __stdcall of_stdcall(Args... args) { return sum_of(args...); }
  static std::uintptr_t __cdecl of_cdecl(Args... args) { return sum_of(args...); }
};

/// The native code: it knows nothing but the function's type.
template <class Function, class... Args>
[[gnu::noinline]] std::uintptr_t call_natively(Function* function, Args... args) {
  Function* volatile hidden = function;
  const std::uintptr_t before = stack_pointer();
  const std::uintptr_t sum = hidden(args...);
  EXPECT_EQ(stack_pointer(), before);
  return sum;
}

template <class... Args>
void check_calls(Args... args) {
  std::uintptr_t expected = 0;
  ((expected = expected * 3 + word_of(args)), ...);
  EXPECT_EQ(call_natively(Callee<Args...>::of_stdcall, args...), expected);
  EXPECT_EQ(call_natively(Callee<Args...>::of_cdecl, args...), expected);
}

template <class T, std::size_t>
using Same = T;
template <std::size_t I>
using Mixed = std::tuple_element_t<I % 5, std::tuple<void*, std::uint8_t, std::uint16_t, std::int8_t, std::uint32_t>>;

/// Values of more than 127, so that widening shows.
template <std::size_t... I>
void check_each(std::index_sequence<I...>) {
  check_calls(value_of<Same<void*, I>>(250 - 3 * I)...);
  check_calls(value_of<Same<std::uint8_t, I>>(250 - 3 * I)...);
  check_calls(value_of<Same<std::uint16_t, I>>(65000 - 3 * I)...);
  check_calls(value_of<Same<std::int8_t, I>>(250 - 3 * I)...);
  check_calls(value_of<Same<std::uint32_t, I>>(4'000'000'000 - 3 * I)...);
  check_calls(value_of<Mixed<I>>(250 - 3 * I)...);
  check_calls(value_of<Mixed<I + 2>>(250 - 3 * I)...);
}

template <std::size_t... Counts>
void check_up_to(std::index_sequence<Counts...>) {
  (check_each(std::make_index_sequence<Counts>()), ...);
}

void check_all() {
  check_up_to(std::make_index_sequence<11>());
}

TEST(CallbackOnWindows, OfEverySignature) {
  passes_in_child([] {
    run(config(kPreemptive, 2), [] {
      foreign_call(check_all);
      on_a_thread(check_all);
      EXPECT_EQ(misaligned, 0);
    });
  });
}

#ifdef __i386__
/// Calls function(argument) with the stack pointer `off` bytes from where the compiler has it.
std::uintptr_t call_misaligned(std::uintptr_t(__cdecl* function)(void*), void* argument, std::uintptr_t off) {
  std::uintptr_t result;
  asm volatile(
      "movl %%esp, %%ebx\n\t"
      "andl $-16, %%esp\n\t"
      "subl %[off], %%esp\n\t"
      "pushl %[argument]\n\t"
      "call *%[function]\n\t"
      "movl %%ebx, %%esp"
      : "=a"(result)
      : [function] "S"(function), [argument] "D"(argument), [off] "c"(off)
      : "ebx", "edx", "memory", "cc");
  return result;
}

// Windows itself and libraries of other compilers align their stacks to 4 only.
TEST(CallbackOnWindows, FromCodeThatAlignsToFour) {
  passes_in_child([] {
    run(config(kPreemptive, 2), [] {
      const auto all = [] {
        for (std::uintptr_t off = 0; off < 16; off += 4) {
          const auto calls_back = [](void* argument) -> std::uintptr_t {
            return callback([argument] {
              this_fiber::yield();
              const std::uintptr_t inner = foreign_call([] { return sum_of(7); });
              return word_of(argument) + inner;
            });
          };
          EXPECT_EQ(call_misaligned(calls_back, reinterpret_cast<void*>(std::uintptr_t{3}), off), 10U);
        }
      };
      foreign_call(all);
      on_a_thread(all);
      EXPECT_EQ(misaligned, 0);
    });
  });
}
#endif

// --- R41: structured exceptions ----------------------------------------------------------------------------------------------

constexpr DWORD kForeignException = 42;

std::atomic<int> seen_first{0};
std::atomic<int> seen_last{0};

LONG CALLBACK count_first(EXCEPTION_POINTERS* pointers) {
  if (pointers->ExceptionRecord->ExceptionCode == kForeignException) ++seen_first;
  return EXCEPTION_CONTINUE_SEARCH;
}

LONG WINAPI go_on(EXCEPTION_POINTERS* pointers) {
  if (pointers->ExceptionRecord->ExceptionCode != kForeignException) return EXCEPTION_CONTINUE_SEARCH;
  ++seen_last;
  return EXCEPTION_CONTINUE_EXECUTION;
}

void raise_it() {
  RaiseException(kForeignException, 0, 0, nullptr);
}

/// Where foreign code may raise one.
struct Place {
  const char* name;
  void (*raise)();
};

const Place kPlaces[] = {
    {"OrdinaryThread", [] { on_a_thread(raise_it); }},
    {"Fiber", raise_it},
    {"ForeignCall", [] { foreign_call(raise_it); }},
    {"Callback", [] { foreign_call([] { callback(raise_it); }); }},
    {"ForeignCallInACallback", [] { foreign_call([] { callback([] { foreign_call(raise_it); }); }); }},
    {"CallbackOnAThread", [] { on_a_thread([] { callback(raise_it); }); }},
    {"ForeignCallOnAThread", [] { on_a_thread([] { callback([] { foreign_call(raise_it); }); }); }},
    {"ThreadThatHasCalledBack",
     [] {
       on_a_thread([] {
         callback([] { this_fiber::yield(); });
         raise_it();
       });
     }},
};

void PrintTo(const Place& place, std::ostream* out) {
  *out << place.name;
}

class ForeignException : public testing::TestWithParam<Place> {};

TEST_P(ForeignException, ComesToEachHandlerOfTheProgramOnce) {
  passes_in_child([] {
    AddVectoredExceptionHandler(1, count_first);
    SetUnhandledExceptionFilter(go_on);
    run(config(kPreemptive, 2), [] {
      for (int i = 1; i <= 10; ++i) {
        GetParam().raise();
        EXPECT_EQ(seen_first, i);
        EXPECT_EQ(seen_last, i);
        this_fiber::yield();
      }
    });
  });
}

TEST_P(ForeignException, ThatNobodyTakesEndsTheProcessWithItsCode) {
  const Outcome outcome = in_child([] { run(config(kPreemptive, 2), GetParam().raise); });
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_EQ(outcome.exit_code, static_cast<int>(kForeignException)) << describe(outcome);
}

INSTANTIATE_TEST_SUITE_P(In, ForeignException, testing::ValuesIn(kPlaces),
                         [](const auto& info) { return info.param.name; });

// --- Stacks ------------------------------------------------------------------------------------------------------------------

/// Runs body() so much deeper in the stack.
template <class Body>
[[gnu::noinline]] void deeper(std::size_t kilobytes, Body body) {
  volatile char* room = static_cast<volatile char*>(__builtin_alloca(kilobytes << 10));
  room[0] = 1;
  body();
  room[0] = 0;
}

// The system dispatches an exception by the bounds of the stack that it knows of. A callback that is left, and the foreign call around it,
// have both grown theirs.
TEST(CallbackOnWindows, ThatIsLeftLeavesStacksOnWhichExceptionsAreDispatched) {
  passes_in_child([] {
    run(config(kPreemptive, 1), [] {
      Fiber(FiberOptions{.stack_size = 1 << 20}, [] {
        const LockThread lock;
        const auto caught = [](std::size_t kilobytes) {
          int value = 0;
          deeper(kilobytes, [&] {
            try {
              throw 7;
            } catch (int thrown) {
              value = thrown;
            }
          });
          return value;
        };
        for (int i = 0; i < 3; ++i) {
          EXPECT_THROW(foreign_call([] { deeper(200, [] { callback([] { deeper(300, [] { throw 1; }); }); }); }), int);
          EXPECT_EQ(foreign_call([&] { return caught(150); }), 7);
          EXPECT_EQ(caught(250), 7);
        }
      }).join();
    });
  });
}

}  // namespace
}  // namespace heddle::test
