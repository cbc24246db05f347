// What the core sees of a Windows port: the descriptor, the interfaces, and the order in which open brings the parts up.
#include <cstring>

#include "host.hpp"
#include "machine.h"
#include "windows/code_modules.hpp"
#include "windows/context_stack.hpp"
#include "windows/dump_request.hpp"
#include "windows/exit_guard.hpp"
#include "windows/fault_watch.hpp"
#include "windows/procedure_caller.hpp"
#include "windows/stack_memory.hpp"
#include "windows/suspend_preempter.hpp"
#include "windows/symbolizer.hpp"
#include "windows/thread_binding.hpp"
#include "windows/thread_watch.hpp"
#include "windows/timekeeper.hpp"
#include "windows/vdso_clock.hpp"

namespace heddle::port {

namespace {

void inspect(const HeddleContext* context, HeddleRegisters* out) {
  *out = parked_registers(*context);
}

const HeddleContextSwitcher context_switcher{sizeof(HeddleContextSwitcher),
                                             kSwapFrameBytes,
                                             make_context,
                                             heddle_swap,
                                             heddle_jump,
                                             heddle_swap_on_top,
                                             call_on_stack,
                                             inspect,
                                             kExceptionGlobalsBytes,
                                             heddle_park_and_call,
                                             inherit_stack,
                                             heddle_morestack};

struct Interface {
  const char* iid;
  const void* table;
};

// An id without a variant is the port's best one.
const Interface interfaces[] = {
    {HEDDLE_CONTEXT_SWITCHER_IID, &context_switcher},
    {HEDDLE_TLS_PROVIDER_IID, &tls_provider},
    {HEDDLE_PREEMPTER_IID "#suspend", &suspend_preempter},
    {HEDDLE_VDSO_CALLER_IID "#performance-counter", &counter_caller},
    {HEDDLE_VDSO_CALLER_IID "#vdso", &vdso_caller},
    {HEDDLE_VDSO_CALLER_IID "#syscall", &syscall_caller},
    {HEDDLE_STACK_MEMORY_IID, &stack_memory},
    {HEDDLE_CODE_MODULES_IID, &code_modules},
    {HEDDLE_TIMEKEEPER_IID, &timekeeper},
    {HEDDLE_THREAD_WATCH_IID, &thread_watch},
    {HEDDLE_SYMBOLIZER_IID, &symbolizer},
    {HEDDLE_DUMP_REQUEST_IID, &dump_request},
    {HEDDLE_FAULT_WATCH_IID, &fault_watch},
    {HEDDLE_PROCEDURE_CALLER_IID, &procedure_caller},
    {HEDDLE_PREEMPTER_IID, &suspend_preempter},
    {HEDDLE_VDSO_CALLER_IID, &counter_caller},
};

const char* const interface_ids[] = {HEDDLE_CONTEXT_SWITCHER_IID,
                                     HEDDLE_TLS_PROVIDER_IID,
                                     HEDDLE_PREEMPTER_IID "#suspend",
                                     HEDDLE_VDSO_CALLER_IID "#performance-counter",
                                     HEDDLE_VDSO_CALLER_IID "#vdso",
                                     HEDDLE_VDSO_CALLER_IID "#syscall",
                                     HEDDLE_STACK_MEMORY_IID,
                                     HEDDLE_CODE_MODULES_IID,
                                     HEDDLE_TIMEKEEPER_IID,
                                     HEDDLE_THREAD_WATCH_IID,
                                     HEDDLE_SYMBOLIZER_IID,
                                     HEDDLE_DUMP_REQUEST_IID,
                                     HEDDLE_FAULT_WATCH_IID,
                                     HEDDLE_PROCEDURE_CALLER_IID,
                                     nullptr};

int32_t open(const HeddleHost* table) {
  if (table == nullptr || table->struct_size < sizeof(HeddleHost)) return HEDDLE_E_INVALID;
  host = table;
  const int32_t result = open_machine(*host);
  if (result != HEDDLE_OK) return result;
  open_thread_binding();
  open_stack_memory();
  open_vdso_clock();
  open_code_modules();
  open_suspend_preempter();
  return HEDDLE_OK;
}

void close() {
  close_exit_guard();
  close_code_modules();
  close_timekeeper();
  close_thread_binding();
}

const void* get_interface(const char* iid) {
  for (const Interface& known : interfaces) {  // <windows.h> has `interface` for a macro
    if (strcmp(known.iid, iid) == 0) return known.table;
  }
  return nullptr;
}

const HeddlePort descriptor{HEDDLE_PORT_MAGIC,
                            HEDDLE_ABI_VERSION,
                            sizeof(HeddlePort),
                            0,
                            kPortId,
                            "windows",
                            kArchitecture,
                            HEDDLE_PORT_VERSION,
                            interface_ids,
                            HEDDLE_PORT_CAN_SAVE_ALL_REGISTERS,
                            open,
                            close,
                            get_interface};

}  // namespace
}  // namespace heddle::port

extern "C" HEDDLE_PORT_EXPORT const HeddlePort* heddle_port_query(uint32_t core_abi_version) {
  const bool same_major = core_abi_version >> 16 == HEDDLE_ABI_MAJOR;
  return same_major ? &heddle::port::descriptor : nullptr;
}
