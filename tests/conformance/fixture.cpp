// See fixture.hpp.
#include "fixture.hpp"

namespace conformance {

Core core;

namespace {

const HeddlePort* loaded = nullptr;
const HeddlePort* strategy = nullptr;
HeddlePreempter delivered_by_strategy;
HeddlePortQuery query = nullptr;

void log(int32_t, const char* message) {
  core.log.emplace_back(message);
}

const char* option(const char* pointer) {
  const auto found = core.options.find(pointer);
  return found == core.options.end() ? nullptr : found->second.c_str();
}

int32_t deliver(HeddleThread* thread, void* machine_context) {
  return core.deliver == nullptr ? 0 : core.deliver(thread, machine_context);
}

void preempted() {
  if (core.preempted != nullptr) core.preempted();
}

void forked(HeddleThread*) {
  ++core.forked;
}

HeddleSegment* new_stack(const HeddleContext* caller, void* context) {
  return core.new_stack == nullptr ? nullptr : core.new_stack(caller, context);
}

template <typename Table>
const Table* fetch(const char* iid) {
  const auto* table = static_cast<const Table*>(port().get_interface(iid));
  EXPECT_NE(table, nullptr) << iid;
  if (table != nullptr) {
    EXPECT_GE(table->struct_size, sizeof(Table)) << iid;
  }
  return table;
}

std::string load(const char* path, const HeddlePort*& descriptor, HeddlePortQuery& query) {
  std::string error;
  query = reinterpret_cast<HeddlePortQuery>(find_in_library(path, HEDDLE_PORT_QUERY_NAME, error));
  if (query == nullptr) return error;
  descriptor = query(HEDDLE_ABI_VERSION);
  return descriptor != nullptr ? "" : std::string(path) + " refuses this version of the ABI";
}

}  // namespace

const HeddleHost host{sizeof(HeddleHost), HEDDLE_ABI_VERSION, log, option, deliver, preempted, forked, new_stack};

std::string load_port(const char* path) {
  return load(path, loaded, query);
}

std::string load_strategy(const char* path) {
  HeddlePortQuery strategy_query = nullptr;
  return load(path, strategy, strategy_query);
}

const HeddlePort& port() {
  return *loaded;
}

HeddlePortQuery find_query() {
  return query;
}

bool logged(const std::string& part) {
  for (const std::string& line : core.log) {
    if (line.find(part) != std::string::npos) return true;
  }
  return false;
}

void Conformance::SetUp() {
  core = Core();
  ASSERT_EQ(open(), HEDDLE_OK) << (core.log.empty() ? "" : core.log.back());
}

void Conformance::TearDown() {
  close();
  core = Core();
}

int32_t Conformance::reopen() {
  close();
  return open();
}

int32_t Conformance::open() {
  int32_t result = port().open(&host);
  if (result == HEDDLE_OK && strategy != nullptr) {
    result = strategy->open(&host);
    if (result != HEDDLE_OK) port().close();
  }
  open_ = result == HEDDLE_OK;
  if (open_) fetch_tables();
  return result;
}

void Conformance::close() {
  if (!open_) return;
  if (strategy != nullptr) strategy->close();
  port().close();
  open_ = false;
}

void Conformance::fetch_tables() {
  switcher = fetch<HeddleContextSwitcher>(HEDDLE_CONTEXT_SWITCHER_IID);
  tls = fetch<HeddleTlsProvider>(HEDDLE_TLS_PROVIDER_IID);
  preempter = fetch<HeddlePreempter>(kPreempterId);
  vdso = fetch<HeddleVdsoCaller>(HEDDLE_VDSO_CALLER_IID "#vdso");
  system_call = fetch<HeddleVdsoCaller>(HEDDLE_VDSO_CALLER_IID "#syscall");
  stacks = fetch<HeddleStackMemory>(HEDDLE_STACK_MEMORY_IID);
  modules = fetch<HeddleCodeModules>(HEDDLE_CODE_MODULES_IID);
  thread_watch = fetch<HeddleThreadWatch>(HEDDLE_THREAD_WATCH_IID);
  symbolizer = fetch<HeddleSymbolizer>(HEDDLE_SYMBOLIZER_IID);
  dump_request = fetch<HeddleDumpRequest>(HEDDLE_DUMP_REQUEST_IID);
  fault_watch = fetch<HeddleFaultWatch>(HEDDLE_FAULT_WATCH_IID);
  timekeeper = fetch<HeddleTimekeeper>(HEDDLE_TIMEKEEPER_IID);
  procedures = static_cast<const HeddleProcedureCaller*>(port().get_interface(HEDDLE_PROCEDURE_CALLER_IID));
  if (strategy == nullptr) return;
  const auto* delivery = static_cast<const HeddlePreempter*>(strategy->get_interface(HEDDLE_PREEMPTER_IID));
  ASSERT_NE(delivery, nullptr);
  delivered_by_strategy = *preempter;
  delivered_by_strategy.strategy = delivery->strategy;
  delivered_by_strategy.enter = delivery->enter;
  delivered_by_strategy.leave = delivery->leave;
  delivered_by_strategy.request = delivery->request;
  preempter = &delivered_by_strategy;
}

}  // namespace conformance
