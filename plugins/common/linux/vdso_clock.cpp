// See vdso_clock.hpp.
#include "linux/vdso_clock.hpp"

#include <sys/auxv.h>

#include "host.hpp"
#include "linux/vdso_image.hpp"
#include "machine.h"

void* heddle_vdso_clock_gettime = nullptr;

namespace heddle::port {
namespace {

VdsoImage image;

int32_t contains(uintptr_t pc) {
  return image.contains(pc) ? 1 : 0;
}

void* symbol(const char* name) {
  return image.find(name, nullptr);
}

}  // namespace

const HeddleVdsoCaller syscall_caller{sizeof(HeddleVdsoCaller),   0,        "syscall", heddle_syscall_monotonic_ns,
                                      heddle_syscall_realtime_ns, contains, symbol};

HeddleVdsoCaller vdso_caller = syscall_caller;

void open_vdso_clock() {
  image.parse(getauxval(AT_SYSINFO_EHDR));
  heddle_vdso_clock_gettime = image.find(kVdsoClockGettime, kVdsoVersion);
  vdso_caller = syscall_caller;
  if (heddle_vdso_clock_gettime == nullptr) {
    log_line(HEDDLE_LOG_INFO, "the vDSO has no %s of version %s: clocks are read by system calls", kVdsoClockGettime,
             kVdsoVersion);
    return;
  }
  vdso_caller.source = "vdso";
  vdso_caller.monotonic_ns = heddle_vdso_monotonic_ns;
  vdso_caller.realtime_ns = heddle_vdso_realtime_ns;
}

}  // namespace heddle::port
