// See system_call.hpp.
//
// Its pc lies behind the instruction that entered the kernel then, at the return of one of the stubs in ntdll and win32u. Rejected:
// CONTEXT_SERVICE_ACTIVE, which neither Wine nor the headers for 386 know.
#include "windows/system_call.hpp"

#include <cstring>

#include "machine.h"

namespace heddle::port {
namespace {

constexpr uint8_t kReturn = 0xc3, kReturnAndPop = 0xc2;
constexpr uintptr_t kPageBytes = 4096;

}  // namespace

// The page that a thread executes can be read; the one before it need not be there.
bool is_behind_system_call(uintptr_t pc) {
  const auto* code = reinterpret_cast<const uint8_t*>(pc);
  if (pc % kPageBytes < sizeof(SystemCallEntry::code) || (*code != kReturn && *code != kReturnAndPop)) return false;
  for (const SystemCallEntry& entry : kSystemCallEntries) {
    if (memcmp(code - entry.bytes, entry.code, entry.bytes) == 0) return true;
  }
  return false;
}

}  // namespace heddle::port
