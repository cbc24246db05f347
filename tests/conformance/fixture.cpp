// See fixture.hpp.
#include "fixture.hpp"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

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

int32_t deliver(void* machine_context) {
  return core.deliver == nullptr ? 0 : core.deliver(machine_context);
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
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return dlerror();
  const auto query = reinterpret_cast<HeddlePortQuery>(dlsym(library, HEDDLE_PORT_QUERY_NAME));
  if (query == nullptr) return std::string(path) + " has no symbol " HEDDLE_PORT_QUERY_NAME;
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
  preempter = fetch<HeddlePreempter>(HEDDLE_PREEMPTER_IID "#signal");
  vdso = fetch<HeddleVdsoCaller>(HEDDLE_VDSO_CALLER_IID "#vdso");
  system_call = fetch<HeddleVdsoCaller>(HEDDLE_VDSO_CALLER_IID "#syscall");
  stacks = fetch<HeddleStackMemory>(HEDDLE_STACK_MEMORY_IID);
  modules = fetch<HeddleCodeModules>(HEDDLE_CODE_MODULES_IID);
  timekeeper = fetch<HeddleTimekeeper>(HEDDLE_TIMEKEEPER_IID);
}

bool emulated() {
  return std::getenv("HEDDLE_TEST_EMULATOR") != nullptr;
}

ChildResult run_in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    _exit(body());
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status)) return {WEXITSTATUS(status), 0};
  return {-1, WTERMSIG(status)};
}

}  // namespace conformance
