// See stack_bounds.hpp.
//
// Memory of stack_memory.cpp is, upwards: reserved; one guard page; committed. The system takes a page off the guard and
// puts a new guard below it when the thread runs into it, down to the page above the lowest one. Memory of others (the
// heap) is committed as a whole, and so is a small stack of ours. The system says which it is; asking costs three system
// calls a context, and nothing has to be kept in step with what the system does.
#include "windows/stack_bounds.hpp"

#include "host.hpp"
#include "windows/stack_memory.hpp"

namespace heddle::port {
namespace {

// Neighbouring pages of one kind.
struct Region {
  uintptr_t hi;
  uintptr_t allocation;
  bool reserved;
  bool usable;  // committed, and no guard
};

Region region_at(uintptr_t address) {
  MEMORY_BASIC_INFORMATION memory{};
  if (VirtualQuery(reinterpret_cast<void*>(address), &memory, sizeof memory) == 0)
    return {UINTPTR_MAX, 0, false, false};
  const bool usable = memory.State == MEM_COMMIT && (memory.Protect & (PAGE_GUARD | PAGE_NOACCESS)) == 0;
  return {reinterpret_cast<uintptr_t>(memory.BaseAddress) + memory.RegionSize,
          reinterpret_cast<uintptr_t>(memory.AllocationBase), memory.State == MEM_RESERVE, usable};
}

// The bounds of the stack below hi, when it begins at `from` or above: the last run of usable pages, and what lies unused
// below it.
HeddleStackBounds walk(uintptr_t from, uintptr_t hi) {
  HeddleStackBounds bounds{hi, from, from};
  bool usable = true;
  for (uintptr_t at = from; at < hi;) {
    const Region region = region_at(at);
    if (usable && !region.usable) bounds.allocation = at;
    if (!usable && region.usable) bounds.limit = at;
    usable = region.usable;
    at = region.hi;
  }
  if (!usable) bounds.limit = hi;
  return bounds;
}

// The system leaves the lowest page of a stack alone. Where the stack's own guard lies below lo, that page serves.
uintptr_t lowest_of(uintptr_t lo) {
  const uintptr_t below = lo - stack_memory.page_bytes;
  const Region region = region_at(below);
  return region.reserved && region.hi >= lo ? below : lo;
}

uintptr_t first_usable(uintptr_t address) {
  for (;;) {
    const Region region = region_at(address);
    if (region.usable || region.hi == UINTPTR_MAX) return address;
    address = region.hi;
  }
}

// Has the stack grow down to `limit`, as the system does it.
void grow(HeddleStackBounds& bounds, uintptr_t limit) {
  const uintptr_t page = stack_memory.page_bytes;
  auto* const memory = reinterpret_cast<void*>(limit);
  const uintptr_t bytes = first_usable(bounds.limit) - limit;
  DWORD before = 0;
  if (VirtualAlloc(memory, bytes, MEM_COMMIT, PAGE_READWRITE) == nullptr ||
      VirtualProtect(memory, bytes, PAGE_READWRITE, &before) == 0) {
    log_line(HEDDLE_LOG_ERROR, "a stack cannot grow by %llu bytes: error %lu", static_cast<unsigned long long>(bytes),
             GetLastError());
    return;
  }
  bounds.limit = limit;
  if (limit - page > bounds.allocation) {
    VirtualAlloc(reinterpret_cast<void*>(limit - page), page, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
  }
}

}  // namespace

HeddleStackBounds prepare_stack(uintptr_t lo, uintptr_t hi, uintptr_t bytes) {
  HeddleStackBounds bounds = walk(lowest_of(lo), hi);
  const uintptr_t page = stack_memory.page_bytes;
  const uintptr_t wanted = (hi - bytes) / page * page;
  if (wanted < bounds.limit && wanted > bounds.allocation) grow(bounds, wanted);
  return bounds;
}

HeddleStackBounds find_stack_bounds(uintptr_t hi) {
  return walk(region_at(hi - 1).allocation, hi);
}

}  // namespace heddle::port
