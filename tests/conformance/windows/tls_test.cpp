// TlsProvider on Windows: wherever the system's slots leave room, and for every thread that comes by.
#include <windows.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "conformance/fixture.hpp"
#include "handles.hpp"
#include "scale.hpp"
#include "thread_block.hpp"

namespace conformance {
namespace {

constexpr DWORD kFirstSlots = 64;  // in the thread block itself
constexpr DWORD kAllSlots = 1088;  // with those in the array beside it

enum class Place { kNone, kBlock, kArray, kArbitraryPointer };

// Where the calling thread's block has the pointer.
Place place_of(const HeddleThread* thread) {
  const ThreadBlock& block = ThreadBlock::of_this_thread();
  const auto word = reinterpret_cast<uintptr_t>(thread);
  const auto has = [word](const volatile uintptr_t* slots, DWORD count) {
    return std::find(slots, slots + count, word) != slots + count;
  };
  if (has(block.tls_slots(), kFirstSlots)) return Place::kBlock;
  const volatile uintptr_t* array = block.tls_expansion_slots();
  if (array != nullptr && has(array, kAllSlots - kFirstSlots)) return Place::kArray;
  return block.arbitrary_pointer() == word ? Place::kArbitraryPointer : Place::kNone;
}

std::atomic<int> told;
std::atomic<HeddleThread*> told_of;
void count_end(HeddleThread* thread) {
  ++told;
  told_of = thread;
}

// The slots are taken before the port is opened, which in a child process is the first time: every test here runs in one.
class TlsSlots : public Conformance {
 protected:
  // Takes slots until `first_free` is the next one, or none is left.
  static void take_slots(DWORD first_free) {
    DWORD taken = 0;
    do taken = TlsAlloc();
    while (taken != TLS_OUT_OF_INDEXES && taken + 1 < first_free);
  }

  // What the slot must do wherever it lies. 0, or which line it did not come to.
  int try_slot(Place wanted) {
    HeddleThread thread{};
    if (tls->get() != nullptr) return __LINE__;
    if (tls->bind(&thread) != HEDDLE_OK || tls->get() != &thread) return __LINE__;
    if (place_of(&thread) != wanted) return __LINE__;
    const bool told_at_end = wanted != Place::kArbitraryPointer;  // which takes a slot as well
    int line = 0;
    told = 0;
    HeddleThread other{};
    std::thread([&] {
      if (tls->get() != nullptr) line = __LINE__;
      if (tls->bind(&other) != HEDDLE_OK || tls->get() != &other || place_of(&other) != wanted) line = __LINE__;
      if (tls->on_thread_exit(count_end) != (told_at_end ? HEDDLE_OK : HEDDLE_E_UNSUPPORTED)) line = __LINE__;
    }).join();
    if (line != 0) return line;
    if (told_at_end ? told != 1 || told_of != &other : told != 0) return __LINE__;
    if (tls->get() != &thread) return __LINE__;
    tls->clear();
    return tls->get() == nullptr && place_of(&thread) == Place::kNone ? 0 : __LINE__;
  }

  int with_slots_taken(DWORD first_free, Place wanted) {
    port().close();
    take_slots(first_free);
    if (port().open(&host) != HEDDLE_OK) return __LINE__;
    return try_slot(wanted);
  }
};

TEST_F(TlsSlots, TheFirstSixtyFourLieInTheThreadBlock) {
  const ChildResult result = run_in_child([this] { return try_slot(Place::kBlock); });
  EXPECT_EQ(result.exit_status, 0);
}

TEST_F(TlsSlots, TheOthersLieInAnArrayThatAThreadMayNotHave) {
  const ChildResult result = run_in_child([this] { return with_slots_taken(kFirstSlots, Place::kArray); });
  EXPECT_EQ(result.exit_status, 0);
}

TEST_F(TlsSlots, WithoutAnyTheArbitraryPointerServes) {
  const ChildResult result = run_in_child([this] { return with_slots_taken(kAllSlots + 1, Place::kArbitraryPointer); });
  EXPECT_EQ(result.exit_status, 0);
}

TEST_F(TlsSlots, TenThousandThreadsFindItNullAreToldOnceAndLeaveNothing) {
  const int threads = scaled(10'000);
  const auto run = [this](bool clears) {
    std::thread([this, clears] {
      HeddleThread thread{};
      EXPECT_EQ(tls->get(), nullptr);
      EXPECT_EQ(tls->bind(&thread), HEDDLE_OK);
      EXPECT_EQ(tls->on_thread_exit(count_end), HEDDLE_OK);
      if (clears) tls->clear();
    }).join();
  };
  run(false);
  run(true);
  told = 0;
  const size_t before = handles_in_use();
  ASSERT_GT(before, 0u);
  for (int i = 0; i < threads; ++i) run(i % 2 == 0);
  EXPECT_EQ(told, threads / 2);
  EXPECT_LE(handles_in_use(), before + 4);  // what the C++ library keeps of a thread that is just ending
}

TEST_F(TlsSlots, HandlesAreReallyCounted) {
  const size_t before = handles_in_use();
  HANDLE events[10];
  for (HANDLE& event : events) event = CreateEventA(nullptr, TRUE, FALSE, nullptr);
  EXPECT_EQ(handles_in_use(), before + 10);
  for (const HANDLE event : events) CloseHandle(event);
  EXPECT_EQ(handles_in_use(), before);
}

}  // namespace
}  // namespace conformance
