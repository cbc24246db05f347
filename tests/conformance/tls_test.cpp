// TlsProvider: the slot, thread by thread.
#include <thread>

#include "fixture.hpp"

namespace conformance {
namespace {

class Tls : public Conformance {};

TEST_F(Tls, TheSlotIsNullUntilBoundAndAfterClear) {
  HeddleThread thread{};
  EXPECT_EQ(tls->get(), nullptr);
  ASSERT_EQ(tls->bind(&thread), HEDDLE_OK);
  EXPECT_EQ(tls->get(), &thread);
  tls->clear();
  EXPECT_EQ(tls->get(), nullptr);
}

TEST_F(Tls, SetTakesUpWhatWasClearedAgain) {
  HeddleThread thread{};
  ASSERT_EQ(tls->bind(&thread), HEDDLE_OK);
  for (int i = 0; i < 100; ++i) {
    tls->clear();
    EXPECT_EQ(tls->get(), nullptr);
    tls->set(&thread);
    EXPECT_EQ(tls->get(), &thread);
  }
  tls->clear();
}

TEST_F(Tls, BindTellsTheThreadAndItsStack) {
  std::thread([this] {
    HeddleThread thread{};
    ASSERT_EQ(tls->bind(&thread), HEDDLE_OK);
    EXPECT_EQ(thread.os_thread, thread_id());
    const auto here = reinterpret_cast<uintptr_t>(&thread);
    EXPECT_LT(thread.system_lo, here);
    EXPECT_GT(thread.system_hi, here);
    tls->clear();
  }).join();
}

TEST_F(Tls, AForeignThreadSeesNull) {
  HeddleThread thread{};
  ASSERT_EQ(tls->bind(&thread), HEDDLE_OK);
  HeddleThread* seen = &thread;
  std::thread([&] { seen = tls->get(); }).join();
  EXPECT_EQ(seen, nullptr);
  tls->clear();
}

TEST_F(Tls, BindRefusesNull) {
  EXPECT_EQ(tls->bind(nullptr), HEDDLE_E_INVALID);
}

HeddleThread* ended = nullptr;
void note_end(HeddleThread* thread) {
  ended = thread;
}

TEST_F(Tls, TheEndOfABoundThreadIsTold) {
  HeddleThread thread{};
  ended = nullptr;
  std::thread([&] {
    tls->bind(&thread);
    ASSERT_EQ(tls->on_thread_exit(note_end), HEDDLE_OK);
  }).join();
  EXPECT_EQ(ended, &thread);
}

TEST_F(Tls, TheEndIsNotToldAfterClearNorWhenTakenBack) {
  HeddleThread thread{};
  ended = nullptr;
  std::thread([&] {
    tls->bind(&thread);
    tls->on_thread_exit(note_end);
    tls->clear();
  }).join();
  std::thread([&] {
    tls->bind(&thread);
    tls->on_thread_exit(note_end);
    tls->on_thread_exit(nullptr);
  }).join();
  EXPECT_EQ(ended, nullptr);
}

}  // namespace
}  // namespace conformance
