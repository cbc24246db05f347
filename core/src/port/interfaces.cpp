#include "port/interfaces.hpp"

#include "port/refused.hpp"

#include <cstring>
#include <string_view>

namespace heddle::port {

namespace {

constexpr Slot kContextSwitcherSlots[] = {
    {offsetof(HeddleContextSwitcher, make), "make"},
    {offsetof(HeddleContextSwitcher, swap), "swap"},
    {offsetof(HeddleContextSwitcher, jump), "jump"},
    {offsetof(HeddleContextSwitcher, swap_on_top), "swap_on_top"},
    {offsetof(HeddleContextSwitcher, call_on), "call_on"},
    {offsetof(HeddleContextSwitcher, inspect), "inspect"},
    {offsetof(HeddleContextSwitcher, park_and_call), "park_and_call"},
    {offsetof(HeddleContextSwitcher, morestack), "morestack"},
};
constexpr Slot kTlsProviderSlots[] = {
    {offsetof(HeddleTlsProvider, bind), "bind"},   {offsetof(HeddleTlsProvider, get), "get"},
    {offsetof(HeddleTlsProvider, clear), "clear"}, {offsetof(HeddleTlsProvider, on_thread_exit), "on_thread_exit"},
    {offsetof(HeddleTlsProvider, set), "set"},
};
constexpr Slot kPreempterSlots[] = {
    {offsetof(HeddlePreempter, strategy), "strategy"},
    {offsetof(HeddlePreempter, enter), "enter"},
    {offsetof(HeddlePreempter, leave), "leave"},
    {offsetof(HeddlePreempter, request), "request"},
};
constexpr Slot kInjectorSlots[] = {
    {offsetof(HeddlePreempter, locate), "locate"},
    {offsetof(HeddlePreempter, inject), "inject"},
};
constexpr Slot kVdsoCallerSlots[] = {
    {offsetof(HeddleVdsoCaller, source), "source"},
    {offsetof(HeddleVdsoCaller, monotonic_ns), "monotonic_ns"},
    {offsetof(HeddleVdsoCaller, realtime_ns), "realtime_ns"},
    {offsetof(HeddleVdsoCaller, contains), "contains"},
    {offsetof(HeddleVdsoCaller, symbol), "symbol"},
};
constexpr Slot kStackMemorySlots[] = {
    {offsetof(HeddleStackMemory, reserve), "reserve"},
    {offsetof(HeddleStackMemory, release), "release"},
    {offsetof(HeddleStackMemory, discard), "discard"},
};
constexpr Slot kCodeModulesSlots[] = {{offsetof(HeddleCodeModules, enumerate), "enumerate"}};
constexpr Slot kThreadWatchSlots[] = {
    {offsetof(HeddleThreadWatch, waits), "waits"},
    {offsetof(HeddleThreadWatch, fence), "fence"},
    {offsetof(HeddleThreadWatch, count), "count"},
};
constexpr Slot kSymbolizerSlots[] = {{offsetof(HeddleSymbolizer, find), "find"}};
constexpr Slot kDumpRequestSlots[] = {
    {offsetof(HeddleDumpRequest, watch), "watch"},
    {offsetof(HeddleDumpRequest, unwatch), "unwatch"},
};
constexpr Slot kFaultWatchSlots[] = {
    {offsetof(HeddleFaultWatch, watch), "watch"},
    {offsetof(HeddleFaultWatch, unwatch), "unwatch"},
};
constexpr Slot kTimekeeperSlots[] = {{offsetof(HeddleTimekeeper, enter), "enter"}};
constexpr Slot kProcedureCallerSlots[] = {
    {offsetof(HeddleProcedureCaller, load_library), "load_library"},
    {offsetof(HeddleProcedureCaller, get_proc_address), "get_proc_address"},
    {offsetof(HeddleProcedureCaller, call), "call"},
    {offsetof(HeddleProcedureCaller, get_last_error), "get_last_error"},
    {offsetof(HeddleProcedureCaller, set_last_error), "set_last_error"},
};
constexpr Slot kDescriptorSlots[] = {
    {offsetof(HeddlePort, id), "id"},
    {offsetof(HeddlePort, os), "os"},
    {offsetof(HeddlePort, arch), "arch"},
    {offsetof(HeddlePort, version), "version"},
    {offsetof(HeddlePort, interfaces), "interfaces"},
    {offsetof(HeddlePort, open), "open"},
    {offsetof(HeddlePort, close), "close"},
    {offsetof(HeddlePort, get_interface), "get_interface"},
};

std::string version_text(std::uint32_t abi_version) {
  return std::to_string(abi_version >> 16) + "." + std::to_string(abi_version & 0xffff);
}

// Read as bytes: the table comes from a C library and may be shorter than the type that this core knows.
void require_slots(const void* table, std::span<const Slot> slots, const std::string& name) {
  for (const Slot& slot : slots) {
    std::uintptr_t pointer = 0;
    std::memcpy(&pointer, static_cast<const char*>(table) + slot.offset, sizeof pointer);
    if (!pointer) throw Refused(std::string("has a null ") + slot.name + " in " + name);
  }
}

void require_size(std::uint32_t found, std::size_t wanted, const std::string& name) {
  if (found < wanted)
    throw Refused("has only " + std::to_string(found) + " bytes in " + name + ", and this core needs " +
                  std::to_string(wanted) + "; build it against this core's headers");
}

}  // namespace

const InterfaceRule kContextSwitcher = {HEDDLE_CONTEXT_SWITCHER_IID, sizeof(HeddleContextSwitcher), kContextSwitcherSlots};
const InterfaceRule kTlsProvider = {HEDDLE_TLS_PROVIDER_IID, sizeof(HeddleTlsProvider), kTlsProviderSlots};
// `arm` came later, and those that have no clock of their own need not know it.
const InterfaceRule kPreempter = {HEDDLE_PREEMPTER_IID, offsetof(HeddlePreempter, arm), kPreempterSlots};
const InterfaceRule kInjector = {HEDDLE_PREEMPTER_IID, offsetof(HeddlePreempter, arm), kInjectorSlots};
const InterfaceRule kVdsoCaller = {HEDDLE_VDSO_CALLER_IID, sizeof(HeddleVdsoCaller), kVdsoCallerSlots};
const InterfaceRule kStackMemory = {HEDDLE_STACK_MEMORY_IID, offsetof(HeddleStackMemory, kept_bytes), kStackMemorySlots};
// Without what is optional behind it.
const InterfaceRule kCodeModules = {HEDDLE_CODE_MODULES_IID, offsetof(HeddleCodeModules, generation), kCodeModulesSlots};
const InterfaceRule kThreadWatch = {HEDDLE_THREAD_WATCH_IID, sizeof(HeddleThreadWatch), kThreadWatchSlots};
const InterfaceRule kSymbolizer = {HEDDLE_SYMBOLIZER_IID, sizeof(HeddleSymbolizer), kSymbolizerSlots};
const InterfaceRule kDumpRequest = {HEDDLE_DUMP_REQUEST_IID, offsetof(HeddleDumpRequest, end), kDumpRequestSlots};
const InterfaceRule kFaultWatch = {HEDDLE_FAULT_WATCH_IID, offsetof(HeddleFaultWatch, enter), kFaultWatchSlots};
const InterfaceRule kTimekeeper = {HEDDLE_TIMEKEEPER_IID, sizeof(HeddleTimekeeper), kTimekeeperSlots};
const InterfaceRule kProcedureCaller = {HEDDLE_PROCEDURE_CALLER_IID, sizeof(HeddleProcedureCaller), kProcedureCallerSlots};

void check_descriptor(const HeddlePort* port) {
  if (!port)
    throw Refused("does not serve a core of ABI " + version_text(HEDDLE_ABI_VERSION) +
                  " (" HEDDLE_PORT_QUERY_NAME " returned null); use the port that came with this core");
  if (port->magic != HEDDLE_PORT_MAGIC)
    throw Refused("is a library, but no port: what " HEDDLE_PORT_QUERY_NAME
                  " returns does not begin with HEDDLE_PORT_MAGIC");
  if (port->abi_version >> 16 != HEDDLE_ABI_MAJOR)
    throw Refused("is made for ABI " + version_text(port->abi_version) + ", and this core speaks ABI " +
                  version_text(HEDDLE_ABI_VERSION) + "; the major numbers must be equal");
  require_size(port->struct_size, sizeof(HeddlePort), "its descriptor");
  require_slots(port, kDescriptorSlots, "its descriptor");
}

const void* find_table(const HeddlePort& port, const InterfaceRule& rule, const std::string& iid) {
  const void* table = port.get_interface(iid.c_str());
  if (!table) return nullptr;
  std::uint32_t struct_size = 0;
  std::memcpy(&struct_size, table, sizeof struct_size);
  require_size(struct_size, rule.struct_size, "its interface " + iid);
  require_slots(table, rule.slots, "its interface " + iid);
  return table;
}

const void* require_table(const HeddlePort& port, const InterfaceRule& rule, const std::string& iid) {
  const void* table = find_table(port, rule, iid);
  if (!table) throw Refused("lacks the interface " + iid);
  return table;
}

std::string variants(const HeddlePort& port, const InterfaceRule& rule) {
  const std::string prefix = std::string(rule.iid) + "#";
  std::string text;
  for (const char* const* iid = port.interfaces; *iid; ++iid) {
    const std::string_view id = *iid;
    if (!id.starts_with(prefix)) continue;
    text.append(text.empty() ? "" : ", ").append(id.substr(prefix.size()));
  }
  return text.empty() ? "none" : text;
}

}  // namespace heddle::port
