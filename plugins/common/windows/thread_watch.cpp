// See thread_watch.hpp.
//
// Windows has no cheap question for the state of a thread. One that has used no cycle for a while waits in the kernel, or waits for a core
// of the machine. "A while", because the cycles of a thread that runs are only added up at interrupts of the clock and when it is switched
// from. Which of the two it is, its context tells, for which it is suspended: in a system call or not. To take the one for the other was
// tried: on a busy machine every thread that computes seems to block then, and each gets another beside it.
#include "windows/thread_watch.hpp"

#include <windows.h>

#include "machine.h"
#include "windows/exit_guard.hpp"
#include "windows/suspension_lock.hpp"
#include "windows/system_call.hpp"

namespace heddle::port {
namespace {

// A handle for one question: the thread's own may be closed by foreign code.
class ThreadHandle {
 public:
  explicit ThreadHandle(const HeddleThread& thread)
      : handle_(OpenThread(kRights, FALSE, static_cast<DWORD>(thread.os_thread))) {}
  ~ThreadHandle() {
    if (handle_ != nullptr) CloseHandle(handle_);
  }
  ThreadHandle(const ThreadHandle&) = delete;
  ThreadHandle& operator=(const ThreadHandle&) = delete;

  HANDLE get() const { return handle_; }

 private:
  static constexpr DWORD kRights = THREAD_QUERY_INFORMATION | THREAD_SUSPEND_RESUME | THREAD_GET_CONTEXT;
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

// Has it used nothing for a while?
bool rests(uint64_t use, uint64_t* used) {
  const uint64_t now = GetTickCount64();
  const bool seen_before = *used != 0 && *used >> kTimeBits == (use << kTimeBits) >> kTimeBits;
  if (seen_before) return ((now - *used) & kTimeMask) >= kWhile;
  *used = use << kTimeBits | (now & kTimeMask);
  return false;
}

// See suspend_preempter.cpp for what holds while a thread is suspended. False as well when it cannot be, now.
bool is_in_system_call(HANDLE thread) {
  if (keep_exit_guard() != HEDDLE_OK || !suspension_lock.try_take()) return false;
  alignas(16) CONTEXT context{};
  context.ContextFlags = CONTEXT_CONTROL;
  bool in_call = false;
  if (SuspendThread(thread) != static_cast<DWORD>(-1)) {
    in_call = GetThreadContext(thread, &context) != 0 && is_behind_system_call(interrupted_registers(context).pc);
    ResumeThread(thread);
  }
  suspension_lock.give_back();
  return in_call;
}

int32_t waits(const HeddleThread* thread, uint64_t* used) {
  if (thread->os_thread == GetCurrentThreadId()) return 0;
  const ThreadHandle handle(*thread);
  uint64_t use = 0;
  if (handle.get() == nullptr || !find_use(handle.get(), use)) return HEDDLE_E_UNSUPPORTED;
  return rests(use, used) && is_in_system_call(handle.get()) ? 1 : 0;
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

// Whoever asks wants to know that nobody is left who could wake a fiber, and the number does not say so: Windows makes a thread for a
// timer or an I/O of its thread pool when that is due, and for an event of the console, and there may be none before.
int32_t count() {
  return HEDDLE_E_UNSUPPORTED;
}

}  // namespace

const HeddleThreadWatch thread_watch{sizeof(HeddleThreadWatch), 0, waits, fence, count};

}  // namespace heddle::port
