// See handles.hpp.
#include "handles.hpp"

#include <windows.h>
#include <winternl.h>

#include <cstdint>
#include <vector>

namespace conformance {
namespace {

// SYSTEM_HANDLE_INFORMATION_EX, which the headers lack.
struct SystemHandle {
  void* object;
  uintptr_t process;
  uintptr_t handle;
  uint32_t access;
  uint16_t creator, type;
  uint32_t attributes, reserved;
};
struct SystemHandles {
  uintptr_t count, reserved;
  SystemHandle entries[1];
};
constexpr auto kExtendedHandleInformation = static_cast<SYSTEM_INFORMATION_CLASS>(64);
constexpr NTSTATUS kLengthMismatch = static_cast<NTSTATUS>(0xc000'0004);

}  // namespace

size_t handles_in_use() {
  std::vector<uint64_t> memory(1 << 13);
  for (;;) {
    const NTSTATUS status = NtQuerySystemInformation(kExtendedHandleInformation, memory.data(),
                                                     static_cast<ULONG>(memory.size() * sizeof memory[0]), nullptr);
    if (status >= 0) break;
    if (status != kLengthMismatch) return 0;
    memory.resize(memory.size() * 2);
  }
  const auto& all = *reinterpret_cast<const SystemHandles*>(memory.data());
  size_t mine = 0;
  for (uintptr_t i = 0; i < all.count; ++i) mine += all.entries[i].process == GetCurrentProcessId() ? 1 : 0;
  return mine;
}

}  // namespace conformance
