// See timekeeper.hpp. Both settings belong to the calling thread alone, and neither needs a privilege.
#include "linux/timekeeper.hpp"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace heddle::port {
namespace {

// struct sched_attr of sched_setattr(2), which the C library does not declare.
struct SchedulingAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime;
  uint64_t deadline;
  uint64_t period;
};

constexpr uint64_t kSliceNanoseconds = 100'000;  // the shortest that the kernel grants

void enter() {
  // PR_SET_TIMERSLACK(2const): timers may be 50 us late by default, so that wake-ups coincide.
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  // Since Linux 6.12 the runtime of a thread of the default policy is the slice it asks for, and one that wakes with a
  // shorter slice than the running thread's is let through. Older kernels ignore it. The nice value stays.
  SchedulingAttributes attributes{};
  attributes.size = sizeof(attributes);
  syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0);
  attributes.runtime = kSliceNanoseconds;
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace

const HeddleTimekeeper timekeeper{sizeof(HeddleTimekeeper), 0, enter};

}  // namespace heddle::port
