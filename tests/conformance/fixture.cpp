// See fixture.hpp.
#include "fixture.hpp"

namespace conformance {

Core core;

namespace {

const HeddlePort* loaded = nullptr;

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

template <typename Table>
const Table* fetch(const char* iid) {
  const auto* table = static_cast<const Table*>(port().get_interface(iid));
  EXPECT_NE(table, nullptr) << iid;
  if (table != nullptr) {
    EXPECT_GE(table->struct_size, sizeof(Table)) << iid;
  }
  return table;
}

}  // namespace

const HeddleHost host{sizeof(HeddleHost), HEDDLE_ABI_VERSION, log, option, deliver, preempted};

std::string load_port(const char* path) {
  std::string error;
  const auto query = reinterpret_cast<HeddlePortQuery>(find_in_library(path, HEDDLE_PORT_QUERY_NAME, error));
  if (query == nullptr) return error;
  loaded = query(HEDDLE_ABI_VERSION);
  return loaded != nullptr ? "" : std::string(path) + " refuses this version of the ABI";
}

const HeddlePort& port() {
  return *loaded;
}

bool logged(const std::string& part) {
  for (const std::string& line : core.log) {
    if (line.find(part) != std::string::npos) return true;
  }
  return false;
}

void Conformance::SetUp() {
  core = Core();
  ASSERT_EQ(port().open(&host), HEDDLE_OK) << (core.log.empty() ? "" : core.log.back());
  open_ = true;
  fetch_tables();
}

void Conformance::TearDown() {
  if (open_) port().close();
  core = Core();
}

int32_t Conformance::reopen() {
  if (open_) port().close();
  const int32_t result = port().open(&host);
  open_ = result == HEDDLE_OK;
  if (open_) fetch_tables();
  return result;
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
  timekeeper = fetch<HeddleTimekeeper>(HEDDLE_TIMEKEEPER_IID);
}

}  // namespace conformance
