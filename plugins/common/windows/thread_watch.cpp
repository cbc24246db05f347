// See thread_watch.hpp.
//
// Windows has no cheap question for the state of a thread, so one that has used no cycle for a while counts as waiting. "A while", because
// the cycles of a thread that runs are only added up at interrupts of the clock and when it is switched from; that it may also be waiting
// for a core of the machine does no harm: the core takes a processor from it, and it asks for one again when it goes on.
#include "windows/thread_watch.hpp"

#include <windows.h>

#include <tlhelp32.h>

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

// What *used holds: the cycles, cut off, and the time of the look that saw them first.
constexpr unsigned kTimeBits = 20;
constexpr uint64_t kTimeMask = (uint64_t{1} << kTimeBits) - 1;
constexpr uint64_t kWhile = 32;  // ms, two interrupts of the clock at its usual rate

int32_t waits(const HeddleThread* thread, uint64_t* used) {
  const ThreadHandle handle(*thread);
  ULONG64 cycles = 0;
  if (handle.get() == nullptr || QueryThreadCycleTime(handle.get(), &cycles) == 0) return HEDDLE_E_UNSUPPORTED;
  const uint64_t now = GetTickCount64();
  if (*used >> kTimeBits == (cycles << kTimeBits) >> kTimeBits) return ((now - *used) & kTimeMask) >= kWhile ? 1 : 0;
  *used = cycles << kTimeBits | (now & kTimeMask);
  return 0;
}

int32_t fence() {
  FlushProcessWriteBuffers();
  return HEDDLE_OK;
}

int32_t count() {
  HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
  if (snapshot == INVALID_HANDLE_VALUE) return HEDDLE_E_UNSUPPORTED;
  const DWORD process = GetCurrentProcessId();
  int32_t threads = 0;
  THREADENTRY32 entry{};
  entry.dwSize = sizeof entry;
  for (BOOL more = Thread32First(snapshot, &entry); more; more = Thread32Next(snapshot, &entry))
    if (entry.th32OwnerProcessID == process) ++threads;
  CloseHandle(snapshot);
  return threads;
}

}  // namespace

const HeddleThreadWatch thread_watch{sizeof(HeddleThreadWatch), 0, waits, fence, count};

}  // namespace heddle::port
