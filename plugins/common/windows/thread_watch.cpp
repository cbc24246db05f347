// See thread_watch.hpp.
//
// Windows has no cheap question for the state of a thread, so one that has used no cycle for a while counts as waiting. "A while", because
// the cycles of a thread that runs are only added up at interrupts of the clock and when it is switched from; that it may also be waiting
// for a core of the machine does no harm: the core takes a processor from it, and it asks for one again when it goes on.
#include "windows/thread_watch.hpp"

#include <windows.h>

namespace heddle::port {
namespace {

// A handle for one question: the thread's own may be closed by foreign code.
class ThreadHandle {
 public:
  explicit ThreadHandle(const HeddleThread& thread)
      : handle_(OpenThread(THREAD_QUERY_INFORMATION, FALSE, static_cast<DWORD>(thread.os_thread))) {}
  ~ThreadHandle() {
    if (handle_ != nullptr) CloseHandle(handle_);
  }
  ThreadHandle(const ThreadHandle&) = delete;
  ThreadHandle& operator=(const ThreadHandle&) = delete;

  HANDLE get() const { return handle_; }

 private:
  const HANDLE handle_;
};

// What *used holds: what the thread has used, cut off, and the time of the look that saw it first.
constexpr unsigned kTimeBits = 20;
constexpr uint64_t kTimeMask = (uint64_t{1} << kTimeBits) - 1;
constexpr uint64_t kWhile = 32;  // ms, two interrupts of the clock at its usual rate

// In cycles or, where those are not told (Wine), in units of 100 ns. False: neither.
bool find_use(HANDLE thread, uint64_t& use) {
  ULONG64 cycles = 0;
  if (QueryThreadCycleTime(thread, &cycles) != 0) {
    use = cycles;
    return true;
  }
  FILETIME begin, end, kernel, user;
  if (GetThreadTimes(thread, &begin, &end, &kernel, &user) == 0) return false;
  use = kernel.dwLowDateTime + static_cast<uint64_t>(user.dwLowDateTime);
  return true;
}

int32_t waits(const HeddleThread* thread, uint64_t* used) {
  const ThreadHandle handle(*thread);
  uint64_t use = 0;
  if (handle.get() == nullptr || !find_use(handle.get(), use)) return HEDDLE_E_UNSUPPORTED;
  const uint64_t now = GetTickCount64();
  const bool seen_before = *used != 0 && *used >> kTimeBits == (use << kTimeBits) >> kTimeBits;
  if (seen_before) return ((now - *used) & kTimeMask) >= kWhile ? 1 : 0;
  *used = use << kTimeBits | (now & kTimeMask);
  return 0;
}

// A page that is written to and then may be no more: every core that runs this process has to forget it, by an interrupt. That is how a
// barrier on all threads was had before Windows had a function for it, and that function does nothing in Wine.
void forget_a_page() {
  static void* const page = VirtualAlloc(nullptr, 1, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  static SRWLOCK lock = SRWLOCK_INIT;
  AcquireSRWLockExclusive(&lock);
  DWORD before = 0;
  if (VirtualProtect(page, 1, PAGE_READWRITE, &before) != 0) {
    *static_cast<volatile char*>(page) = 1;
    VirtualProtect(page, 1, PAGE_READONLY, &before);
  }
  ReleaseSRWLockExclusive(&lock);
}

int32_t fence() {
  FlushProcessWriteBuffers();
  forget_a_page();
  return HEDDLE_OK;
}

// A snapshot of the system's threads (tlhelp32.h) has missed one of this process under Wine, and who relies on the number would
// take a program for dead that is not.
int32_t count() {
  return HEDDLE_E_UNSUPPORTED;
}

}  // namespace

const HeddleThreadWatch thread_watch{sizeof(HeddleThreadWatch), 0, waits, fence, count};

}  // namespace heddle::port
