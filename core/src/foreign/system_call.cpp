// Procedures of Windows: the port finds and calls them (ProcedureCaller), foreign_call() makes it a foreign call.
#include "sched/scheduler.hpp"
#include "sched/visit.hpp"

#include <heddle/foreign_call.hpp>
#include <heddle/windows/system_call.hpp>

#include <cstring>
#include <stdexcept>
#include <system_error>

namespace heddle::windows {

namespace {

[[noreturn, gnu::cold]] void refuse(std::errc why, const std::string& what) {
  throw std::system_error(std::make_error_code(why), what);
}

/// The interface of the port that is in use, for `function`. It lives as long as the process, so a thread that run() does not wait for may go on
/// using it.
const HeddleProcedureCaller& caller(const char* function) {
  const auto of = [function](const sched::Scheduler& scheduler) -> const HeddleProcedureCaller& {
    const sched::Interfaces& tables = scheduler.interfaces();
    if (!tables.procedure_caller)
      refuse(std::errc::function_not_supported, std::string(function) + ": the port " + tables.port_id +
                                                    " has no interface " HEDDLE_PROCEDURE_CALLER_IID
                                                    "; the ports of Windows have it");
    return *tables.procedure_caller;
  };
  if (const sched::Worker* worker = sched::current_worker()) return of(worker->scheduler);
  if (sched::wait_until_run_is_up()) {
    const sched::Visit visit;
    if (visit.scheduler()) return of(*visit.scheduler());
  }
  refuse(std::errc::operation_not_permitted,
         std::string(function) + ": no runtime is running; call it while heddle::run() is under way");
}

[[noreturn, gnu::cold]] void fail(std::int32_t why, std::uint32_t system_error, const std::string& what, const char* wanted) {
  if (why == HEDDLE_E_INVALID) throw std::invalid_argument(what + ": " + wanted);
  throw std::system_error(static_cast<int>(system_error), std::system_category(), what);
}

/// For messages.
std::string quoted(const std::string& name) {
  return '"' + name + '"';
}

/// A name that does not end where it seems to is none that anybody has written.
bool has_null(const std::string& name) {
  return name.find('\0') != std::string::npos;
}

}  // namespace

void detail::call_procedure(HeddleProcedureCall& call) {
  const HeddleProcedureCaller& port = caller("heddle::windows::system_call");
  if (!call.procedure) throw std::invalid_argument("heddle::windows::system_call: the procedure is null");
  if (call.count > kMaxWords)
    throw std::invalid_argument("heddle::windows::system_call: the arguments have more than " +
                                std::to_string(kMaxWords) + " words");
  foreign_call([&] { port.call(&call); });
}

void* load_library(const std::string& name) {
  const HeddleProcedureCaller& port = caller("heddle::windows::load_library");
  void* library = nullptr;
  std::uint32_t error = 0;
  const std::int32_t result = has_null(name)
                                  ? HEDDLE_E_INVALID
                                  : foreign_call([&] { return port.load_library(name.c_str(), &library, &error); });
  if (result != HEDDLE_OK)
    fail(result, error, "heddle::windows::load_library: " + quoted(name),
         "wanted the name of a library in the system's folder, in UTF-8 and without a path");
  return library;
}

Procedure get_proc_address(void* library, const std::string& name) {
  const HeddleProcedureCaller& port = caller("heddle::windows::get_proc_address");
  void* procedure = nullptr;
  std::uint32_t error = 0;
  const std::int32_t result = has_null(name) || !library ? HEDDLE_E_INVALID : foreign_call([&] {
    return port.get_proc_address(library, name.c_str(), &procedure, &error);
  });
  if (result != HEDDLE_OK)
    fail(result, error, "heddle::windows::get_proc_address: " + quoted(name),
         "wanted a library, not null, and the name of what it exports");
  return procedure;
}

}  // namespace heddle::windows
