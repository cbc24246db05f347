// run: configuration, port and scheduler put together, for as long as the main fiber lives.
#include "base/forked_child.hpp"
#include "config/folders.hpp"
#include "observe/last_report.hpp"
#include "port/environment.hpp"
#include "port/folders.hpp"
#include "port/loader.hpp"
#include "runtime/host.hpp"
#include "runtime/tool_limits.hpp"
#include "sched/scheduler.hpp"
#include "sched/visit.hpp"
#include "time/clock.hpp"

#include <heddle/run.hpp>

#include <atomic>
#include <system_error>

namespace heddle {

namespace {

/// Only one at a time: the port's TLS slot, its signal handler and the clocks belong to the process.
class OnlyRun {
 public:
  OnlyRun() {
    if (base::in_forked_child())
      refuse(
          "heddle::run: this process is the child of a fork() that was called while a run() was under way; exec first");
    if (sched::current_worker()) refuse("heddle::run: called inside a fiber; make a heddle::Fiber instead");
    if (under_way_.exchange(true))
      refuse("heddle::run: another run() is under way in this process; wait until it has returned");
    sched::run_begins();
  }
  ~OnlyRun() {
    sched::run_is_over();
    under_way_.store(false);
  }
  OnlyRun(const OnlyRun&) = delete;
  OnlyRun& operator=(const OnlyRun&) = delete;

 private:
  [[noreturn]] static void refuse(const char* why) {
    throw std::system_error(std::make_error_code(std::errc::operation_not_permitted), why);
  }

  static inline std::atomic<bool> under_way_{false};
};

/// The port from its open to its close.
class OpenPort {
 public:
  explicit OpenPort(const Config& config) : port_(port::load(config, runtime::host(config))) {
    time::use_clocks_of(port_.vdso_caller);
  }
  ~OpenPort() {
    time::use_clocks_of(nullptr);
    port::close(port_);
  }
  OpenPort(const OpenPort&) = delete;
  OpenPort& operator=(const OpenPort&) = delete;

  sched::Interfaces interfaces(const Config& config) const {
    sched::Interfaces tables;
    tables.port_id = port_.descriptor->id;
    tables.context_switcher = port_.context_switcher;
    tables.tls_provider = port_.tls_provider;
    tables.vdso_caller = port_.vdso_caller;
    tables.delivery = port_.preempter;
    tables.injection = port_.injector;
    tables.stack_memory = port_.stack_memory;
    tables.code_modules = port_.code_modules;
    tables.thread_watch = port_.thread_watch;
    tables.symbolizer = port_.symbolizer;
    tables.dump_request = port_.dump_request;
    tables.fault_watch = port_.fault_watch;
    tables.timekeeper = port_.timekeeper;
    tables.procedure_caller = port_.procedure_caller;
    tables.cooperative = config.preempter.strategy != "none";
    return tables;
  }

 private:
  const port::LoadedPort port_;
};

config::Folders folders() {
  return {port::program_folder(), port::library_folder(), port::environment_is_trusted(), port::environment_variables()};
}

// A configuration may be wanted before run(), by Config::load() in main().
[[maybe_unused]] const bool folders_known = (config::set_folders_source(folders), true);

}  // namespace

void detail::run_main(const Config& wanted, void (*body)(void* argument) noexcept, void* argument) {
  const OnlyRun only;
  const Config config = runtime::within_tool_limits(wanted);
  const OpenPort port(config);
  sched::Scheduler scheduler(config, port.interfaces(config));
  const observe::LastReport report(scheduler);
  scheduler.run(body, argument);
}

}  // namespace heddle
