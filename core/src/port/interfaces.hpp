// interfaces: what this core needs of each interface table, as data, and the check of a table against it.
#pragma once

#include <heddle/port/code_modules.h>
#include <heddle/port/context_switcher.h>
#include <heddle/port/dump_request.h>
#include <heddle/port/fault_watch.h>
#include <heddle/port/port.h>
#include <heddle/port/preempter.h>
#include <heddle/port/procedure_caller.h>
#include <heddle/port/stack_memory.h>
#include <heddle/port/symbolizer.h>
#include <heddle/port/thread_watch.h>
#include <heddle/port/timekeeper.h>
#include <heddle/port/tls_provider.h>
#include <heddle/port/vdso_caller.h>

#include <cstddef>
#include <span>
#include <string>

namespace heddle::port {

/// A pointer in a table that must not be null.
struct Slot {
  std::size_t offset;
  const char* name;
};

struct InterfaceRule {
  const char* iid;          ///< without a variant
  std::size_t struct_size;  ///< the least that a table may have
  std::span<const Slot> slots;
};

extern const InterfaceRule kContextSwitcher;
extern const InterfaceRule kTlsProvider;
extern const InterfaceRule kPreempter;  ///< delivery; injection is kInjector's
extern const InterfaceRule kInjector;   ///< the same table, with the slots for injection
extern const InterfaceRule kVdsoCaller;
extern const InterfaceRule kStackMemory;
extern const InterfaceRule kCodeModules;
extern const InterfaceRule kThreadWatch;
extern const InterfaceRule kSymbolizer;
extern const InterfaceRule kDumpRequest;
extern const InterfaceRule kFaultWatch;
extern const InterfaceRule kTimekeeper;
extern const InterfaceRule kProcedureCaller;

/// Throws Refused when `port`'s descriptor is not one that this core can use. `port` may be null (the query's answer).
void check_descriptor(const HeddlePort* port);

/// The table `iid` (rule.iid, or that with a variant) of `port`, checked; null when it has none. Throws Refused when
/// the table is too short or one of the slots is null.
const void* find_table(const HeddlePort& port, const InterfaceRule& rule, const std::string& iid);

/// As above; throws Refused when there is none.
const void* require_table(const HeddlePort& port, const InterfaceRule& rule, const std::string& iid);

/// The variants ("signal, timer") of rule.iid that `port` lists; "none" when it lists none.
std::string variants(const HeddlePort& port, const InterfaceRule& rule);

}  // namespace heddle::port
