// See signal_stack.hpp.
#include "linux/signal_stack.hpp"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "machine.h"

namespace heddle::port {

// Not every kernel tells, but the injected call saves as much.
size_t signal_frame_bytes() {
  return std::max<size_t>(getauxval(AT_MINSIGSTKSZ), inject_bytes());
}

// 64 KiB or, where the signal frame is large (AMX, SVE, SME), 32 KiB on top of it.
SignalStack map_signal_stack(size_t record_bytes) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t wanted = std::max<size_t>(64 << 10, signal_frame_bytes() + (32 << 10)) + record_bytes;
  const size_t bytes = page + (wanted + page - 1) / page * page;
  void* mapping = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (mapping == MAP_FAILED) return {};
  if (mprotect(mapping, page, PROT_NONE) != 0) {
    munmap(mapping, bytes);
    return {};
  }
  const auto base = reinterpret_cast<uintptr_t>(mapping);
  return {mapping, bytes, base + page, (base + bytes - record_bytes) / 64 * 64};
}

void unmap_signal_stack(const SignalStack& stack) {
  munmap(stack.mapping, stack.mapping_bytes);
}

}  // namespace heddle::port
