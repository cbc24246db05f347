// See stack_memory.hpp.
//
// A stack is, upwards: guard_bytes that are never committed; reserved pages; one guard page; committed pages. The system
// lets the thread that runs on it grow it, when the thread block names this stack (context.S). Only that thread can:
// whoever else touches the guard page takes it away. Small stacks have no room for that and are committed as a whole, with the guard page
// in their lowest: what is reached by touching it is room for telling of the overflow.
//
// Windows counts committed memory against memory and page files, touched or not: that is why not every stack is.
#include "windows/stack_memory.hpp"

#include <windows.h>

#include <cstddef>

#include "host.hpp"

namespace heddle::port {
namespace {

constexpr size_t kCommittedPages = 2;
constexpr size_t kGrowingPages = 2 * kCommittedPages + 1 + kOverflowPages;  // the smallest stack that grows

using Number = unsigned long long;  // msvcrt's printf has no %zu

int32_t report_address_space(size_t bytes) {
  MEMORYSTATUSEX memory{};
  memory.dwLength = sizeof memory;
  GlobalMemoryStatusEx(&memory);
  log_line(HEDDLE_LOG_ERROR,
           "stack memory: VirtualAlloc of %llu bytes: no address space; of %llu MiB that a process may have, %llu MiB "
           "are free; have "
           "fewer fibers or a smaller stack.size, or use the 64-bit program",
           static_cast<Number>(bytes), static_cast<Number>(memory.ullTotalVirtual >> 20),
           static_cast<Number>(memory.ullAvailVirtual >> 20));
  return HEDDLE_E_NO_MEMORY;
}

int32_t report_commit_limit(size_t bytes) {
  MEMORYSTATUSEX memory{};
  memory.dwLength = sizeof memory;
  GlobalMemoryStatusEx(&memory);
  log_line(HEDDLE_LOG_ERROR,
           "stack memory: VirtualAlloc of %llu bytes: no memory; the commit limit is %llu MiB, %llu MiB of it are "
           "free; enlarge the page "
           "file or the job's memory limit, or have fewer fibers",
           static_cast<Number>(bytes), static_cast<Number>(memory.ullTotalPageFile >> 20),
           static_cast<Number>(memory.ullAvailPageFile >> 20));
  return HEDDLE_E_NO_MEMORY;
}

bool commit(char* from, size_t bytes, DWORD protection) {
  return bytes == 0 || VirtualAlloc(from, bytes, MEM_COMMIT, protection) != nullptr;
}

bool commit_top(char* base, size_t bytes, size_t guard_bytes) {
  const size_t page = stack_memory.page_bytes;
  if (bytes - guard_bytes < kGrowingPages * page) {
    char* const lowest = base + guard_bytes;
    return commit(lowest, bytes - guard_bytes, PAGE_READWRITE) &&
           (guard_bytes == 0 || bytes - guard_bytes < 2 * page || commit(lowest, page, PAGE_READWRITE | PAGE_GUARD));
  }
  char* limit = base + bytes - kCommittedPages * page;
  return commit(limit, kCommittedPages * page, PAGE_READWRITE) && commit(limit - page, page, PAGE_READWRITE | PAGE_GUARD);
}

int32_t reserve(size_t bytes, size_t guard_bytes, size_t count, void** out) {
  const size_t page = stack_memory.page_bytes;
  if (out == nullptr || bytes == 0 || count == 0 || bytes % page != 0 || guard_bytes % page != 0 || guard_bytes >= bytes) {
    log_line(HEDDLE_LOG_ERROR,
             "stack memory: %llu stacks of %llu bytes with a guard of %llu: sizes must be multiples of %llu, "
             "and the guard smaller than the stack",
             static_cast<Number>(count), static_cast<Number>(bytes), static_cast<Number>(guard_bytes),
             static_cast<Number>(page));
    return HEDDLE_E_INVALID;
  }
  size_t total = 0;
  if (__builtin_mul_overflow(bytes, count, &total)) return report_address_space(SIZE_MAX);
  auto* base = static_cast<char*>(VirtualAlloc(nullptr, total, MEM_RESERVE, PAGE_READWRITE));
  if (base == nullptr) return report_address_space(total);
  for (size_t i = 0; i < count; ++i) {
    if (commit_top(base + i * bytes, bytes, guard_bytes)) continue;
    VirtualFree(base, 0, MEM_RELEASE);
    return report_commit_limit(total);
  }
  *out = base;
  return HEDDLE_OK;
}

void release(void* base, size_t bytes, size_t count) {
  if (VirtualFree(base, 0, MEM_RELEASE) != 0) return;
  log_line(HEDDLE_LOG_ERROR, "stack memory: VirtualFree of %llu bytes: error %lu", static_cast<Number>(bytes * count),
           GetLastError());
}

// The pages stay committed, and the guard page stays where the stack has grown to: a context that is parked there has its
// StackLimit in its frame. Decommitting them would give back the commit charge too, but touching them would then be a fault.
void discard(void* base, size_t bytes) {
  const auto end = reinterpret_cast<uintptr_t>(base) + bytes;
  for (auto at = reinterpret_cast<uintptr_t>(base); at < end;) {
    MEMORY_BASIC_INFORMATION memory{};
    if (VirtualQuery(reinterpret_cast<void*>(at), &memory, sizeof memory) == 0) return;
    auto next = reinterpret_cast<uintptr_t>(memory.BaseAddress) + memory.RegionSize;
    if (next > end) next = end;
    if (memory.State == MEM_COMMIT && (memory.Protect & PAGE_GUARD) == 0) {
      VirtualAlloc(reinterpret_cast<void*>(at), next - at, MEM_RESET, PAGE_READWRITE);
      VirtualUnlock(reinterpret_cast<void*>(at), next - at);  // of pages that are not locked: they leave the working set
    }
    at = next;
  }
}

}  // namespace

HeddleStackMemory stack_memory{sizeof(HeddleStackMemory), 4096, reserve, release, discard, kOverflowPages * 4096};

void open_stack_memory() {
  SYSTEM_INFO system{};
  GetSystemInfo(&system);
  stack_memory.page_bytes = system.dwPageSize;
  stack_memory.kept_bytes = kOverflowPages * system.dwPageSize;
}

}  // namespace heddle::port
