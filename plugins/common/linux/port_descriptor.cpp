// What the core sees of a Linux port: the descriptor, the interfaces, and the order in which open brings the parts up.
#include <cstring>

#include "host.hpp"
#include "linux/code_modules.hpp"
#include "linux/dump_request.hpp"
#include "linux/fault_watch.hpp"
#include "linux/fork_guard.hpp"
#include "linux/signal_preempter.hpp"
#include "linux/stack_memory.hpp"
#include "linux/symbolizer.hpp"
#include "linux/thread_binding.hpp"
#include "linux/thread_watch.hpp"
#include "linux/timekeeper.hpp"
#include "linux/vdso_clock.hpp"
#include "machine.h"

namespace heddle::port {

namespace {

void inspect(const HeddleContext* context, HeddleRegisters* out) {
  *out = parked_registers(*context);
}

const HeddleContextSwitcher context_switcher{sizeof(HeddleContextSwitcher),
                                             kSwapFrameBytes,
                                             heddle_make,
                                             heddle_swap,
                                             heddle_jump,
                                             heddle_swap_on_top,
                                             heddle_call_on,
                                             inspect,
                                             kExceptionGlobalsBytes,
                                             heddle_park_and_call,
                                             nullptr,
                                             heddle_morestack};

struct Interface {
  const char* iid;
  const void* table;
};

// An id without a variant is the port's best one.
const Interface interfaces[] = {
    {HEDDLE_CONTEXT_SWITCHER_IID, &context_switcher},
    {HEDDLE_TLS_PROVIDER_IID, &tls_provider},
    {HEDDLE_PREEMPTER_IID "#signal", &signal_preempter},
    {HEDDLE_PREEMPTER_IID "#timer", &timer_preempter},
    {HEDDLE_VDSO_CALLER_IID "#vdso", &vdso_caller},
    {HEDDLE_VDSO_CALLER_IID "#syscall", &syscall_caller},
    {HEDDLE_STACK_MEMORY_IID, &stack_memory},
    {HEDDLE_CODE_MODULES_IID, &code_modules},
    {HEDDLE_TIMEKEEPER_IID, &timekeeper},
    {HEDDLE_THREAD_WATCH_IID, &thread_watch},
    {HEDDLE_SYMBOLIZER_IID, &symbolizer},
    {HEDDLE_DUMP_REQUEST_IID, &dump_request},
    {HEDDLE_FAULT_WATCH_IID, &fault_watch},
    {HEDDLE_PREEMPTER_IID, &signal_preempter},
    {HEDDLE_VDSO_CALLER_IID, &vdso_caller},
};

const char* const interface_ids[] = {HEDDLE_CONTEXT_SWITCHER_IID,    HEDDLE_TLS_PROVIDER_IID,
                                     HEDDLE_PREEMPTER_IID "#signal", HEDDLE_PREEMPTER_IID "#timer",
                                     HEDDLE_VDSO_CALLER_IID "#vdso", HEDDLE_VDSO_CALLER_IID "#syscall",
                                     HEDDLE_STACK_MEMORY_IID,        HEDDLE_CODE_MODULES_IID,
                                     HEDDLE_TIMEKEEPER_IID,          HEDDLE_THREAD_WATCH_IID,
                                     HEDDLE_SYMBOLIZER_IID,          HEDDLE_DUMP_REQUEST_IID,
                                     HEDDLE_FAULT_WATCH_IID,         nullptr};

void close() {
  close_fork_guard();
  close_signal_preempter();
  close_thread_binding();
}

int32_t open(const HeddleHost* table) {
  if (table == nullptr || table->struct_size < sizeof(HeddleHost)) return HEDDLE_E_INVALID;
  host = table;
  int32_t result = open_machine(*host);
  if (result == HEDDLE_OK) result = open_thread_binding();
  if (result != HEDDLE_OK) return result;
  open_stack_memory();
  open_vdso_clock();
  open_thread_watch();
  result = open_signal_preempter();
  if (result == HEDDLE_OK) result = open_fork_guard();
  if (result != HEDDLE_OK) close();
  return result;
}

const void* get_interface(const char* iid) {
  for (const Interface& interface : interfaces) {
    if (strcmp(interface.iid, iid) == 0) return interface.table;
  }
  return nullptr;
}

const HeddlePort descriptor{HEDDLE_PORT_MAGIC,
                            HEDDLE_ABI_VERSION,
                            sizeof(HeddlePort),
                            0,
                            kPortId,
                            "linux",
                            kArchitecture,
                            HEDDLE_PORT_VERSION,
                            interface_ids,
                            HEDDLE_PORT_CAN_SAVE_ALL_REGISTERS,
                            open,
                            close,
                            get_interface};

}  // namespace
}  // namespace heddle::port

extern "C" HeddleSegment* heddle_new_stack(const HeddleContext* caller, void* context) {
  return heddle::port::host->new_stack(caller, context);
}

extern "C" HEDDLE_PORT_EXPORT const HeddlePort* heddle_port_query(uint32_t core_abi_version) {
  const bool same_major = core_abi_version >> 16 == HEDDLE_ABI_MAJOR;
  return same_major ? &heddle::port::descriptor : nullptr;
}
