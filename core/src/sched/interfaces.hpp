// Interfaces: the port's tables as the scheduler uses them.
#pragma once

#include <heddle/port/code_modules.h>
#include <heddle/port/context_switcher.h>
#include <heddle/port/dump_request.h>
#include <heddle/port/fault_watch.h>
#include <heddle/port/preempter.h>
#include <heddle/port/procedure_caller.h>
#include <heddle/port/stack_memory.h>
#include <heddle/port/symbolizer.h>
#include <heddle/port/thread_watch.h>
#include <heddle/port/timekeeper.h>
#include <heddle/port/tls_provider.h>
#include <heddle/port/vdso_caller.h>

#include <cstddef>

namespace heddle::sched {

struct Interfaces {
  const char* port_id = "";  // for messages
  const HeddleContextSwitcher* context_switcher = nullptr;
  const HeddleTlsProvider* tls_provider = nullptr;
  const HeddleVdsoCaller* vdso_caller = nullptr;
  const HeddlePreempter* delivery = nullptr;                // null under the strategies `none` and `cooperative`
  const HeddlePreempter* injection = nullptr;               // null likewise
  const HeddleStackMemory* stack_memory = nullptr;          // optional
  const HeddleCodeModules* code_modules = nullptr;          // optional
  const HeddleThreadWatch* thread_watch = nullptr;          // optional
  const HeddleSymbolizer* symbolizer = nullptr;             // optional
  const HeddleDumpRequest* dump_request = nullptr;          // optional
  const HeddleFaultWatch* fault_watch = nullptr;            // optional
  const HeddleTimekeeper* timekeeper = nullptr;             // optional
  const HeddleProcedureCaller* procedure_caller = nullptr;  // optional
  bool cooperative = false;  // do checkpoints honour requests? Under every strategy but `none`
};

/// How many of a stack's lowest bytes are not for its fiber, but for telling that it is used up.
inline std::size_t kept_bytes(const HeddleStackMemory* stacks) noexcept {
  return stacks && stacks->struct_size >= offsetof(HeddleStackMemory, kept_bytes) + sizeof stacks->kept_bytes ? stacks->kept_bytes
                                                                                                              : 0;
}

/// Does it have enter and leave, which came later than the rest?
inline bool watches_threads(const HeddleFaultWatch* faults) noexcept {
  return faults && faults->struct_size >= offsetof(HeddleFaultWatch, leave) + sizeof faults->leave && faults->enter &&
         faults->leave;
}

}  // namespace heddle::sched
