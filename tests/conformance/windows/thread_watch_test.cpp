// ThreadWatch on Windows: whatever a thread waits in, it is seen to wait, and one that merely gets no core is not.
#include <windows.h>

#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <thread>

#include "conformance/fixture.hpp"

namespace conformance {
namespace {

class ThreadWatchOfWindows : public Conformance {
 protected:
  /// A bound thread that runs `body`.
  class Bound {
   public:
    Bound(const HeddleTlsProvider* tls, std::function<void()> body)
        : thread_([this, tls, body = std::move(body)] {
            tls->bind(&bound_);
            ready_.set_value();
            body();
            tls->clear();
          }) {
      ready_.get_future().wait();
    }
    ~Bound() { thread_.join(); }
    Bound(const Bound&) = delete;
    Bound& operator=(const Bound&) = delete;

    const HeddleThread& get() const { return bound_; }
    HANDLE handle() { return OpenThread(THREAD_SUSPEND_RESUME, FALSE, static_cast<DWORD>(bound_.os_thread)); }

   private:
    HeddleThread bound_{};
    std::promise<void> ready_;
    std::thread thread_;
  };

  void expect_to_wait(const HeddleThread& thread) {
    uint64_t used = 0;
    while (thread_watch->waits(&thread, &used) != 1) Sleep(1);
  }
};

TEST_F(ThreadWatchOfWindows, InAnEvent) {
  const HANDLE event = CreateEventW(nullptr, TRUE, FALSE, nullptr);
  {
    const Bound thread(tls, [=] { WaitForSingleObject(event, INFINITE); });
    expect_to_wait(thread.get());
    SetEvent(event);
  }
  CloseHandle(event);
}

TEST_F(ThreadWatchOfWindows, InASleep) {
  std::atomic<bool> stop{false};
  const Bound thread(tls, [&] {
    while (!stop) Sleep(500);
  });
  expect_to_wait(thread.get());
  stop = true;
}

TEST_F(ThreadWatchOfWindows, InACriticalSection) {
  CRITICAL_SECTION section;
  InitializeCriticalSection(&section);
  EnterCriticalSection(&section);
  {
    const Bound thread(tls, [&] {
      EnterCriticalSection(&section);
      LeaveCriticalSection(&section);
    });
    expect_to_wait(thread.get());
    LeaveCriticalSection(&section);
  }
  DeleteCriticalSection(&section);
}

TEST_F(ThreadWatchOfWindows, InAnEmptyPipe) {
  HANDLE from = nullptr, to = nullptr;
  ASSERT_NE(CreatePipe(&from, &to, nullptr, 0), 0);
  {
    const Bound thread(tls, [=] {
      char byte = 0;
      DWORD bytes = 0;
      ReadFile(from, &byte, 1, &bytes, nullptr);
    });
    expect_to_wait(thread.get());
    DWORD bytes = 0;
    WriteFile(to, "x", 1, &bytes, nullptr);
  }
  CloseHandle(from);
  CloseHandle(to);
}

// What stands still outside of the kernel, here because it is suspended, is like what no core is left for.
TEST_F(ThreadWatchOfWindows, NotWhereItComputes) {
  std::atomic<bool> stop{false};
  Bound thread(tls, [&] {
    while (!stop.load(std::memory_order_relaxed)) continue;
  });
  const HANDLE handle = thread.handle();
  ASSERT_NE(handle, nullptr);
  ASSERT_EQ(SuspendThread(handle), 0u);
  uint64_t used = 0;
  for (const ULONGLONG end = GetTickCount64() + 300; GetTickCount64() < end; Sleep(1))
    EXPECT_EQ(thread_watch->waits(&thread.get(), &used), 0);
  EXPECT_EQ(ResumeThread(handle), 1u);  // and nobody's suspension is left
  CloseHandle(handle);
  stop = true;
}

TEST_F(ThreadWatchOfWindows, NotOfTheCallerItself) {
  HeddleThread own{};
  ASSERT_EQ(tls->bind(&own), HEDDLE_OK);
  uint64_t used = 0;
  EXPECT_EQ(thread_watch->waits(&own, &used), 0);
  tls->clear();
}

}  // namespace
}  // namespace conformance
