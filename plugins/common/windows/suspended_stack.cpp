// See suspended_stack.hpp.
//
// The guard page of the stack may lie there. Whoever touches it takes the guard off it, and only the thread itself grows its stack by
// that. So the guard is lifted for the store and put back: the page keeps what was stored, and the thread's own first touch
// grows the stack. To refuse instead was rejected: a loop that stands right above its guard page would never be preempted.
#include "windows/suspended_stack.hpp"

#include <windows.h>

#include <cstring>

namespace heddle::port {

bool store_on_suspended_stack(uintptr_t address, const void* frame, size_t bytes) {
  constexpr DWORD kWritable = PAGE_READWRITE | PAGE_EXECUTE_READWRITE;
  auto* const at = reinterpret_cast<void*>(address);
  MEMORY_BASIC_INFORMATION lowest{};
  if (VirtualQuery(at, &lowest, sizeof lowest) == 0) return false;
  if (lowest.State != MEM_COMMIT || (lowest.Protect & kWritable) == 0) return false;
  const bool guarded = (lowest.Protect & PAGE_GUARD) != 0;
  DWORD before = 0;
  if (guarded && !VirtualProtect(at, 1, lowest.Protect & ~static_cast<DWORD>(PAGE_GUARD), &before)) return false;
  memcpy(at, frame, bytes);
  return !guarded || VirtualProtect(at, 1, lowest.Protect, &before);
}

}  // namespace heddle::port
