// loader: finds the port that the configuration asks for, and opens it.
//
// The first candidate that passes every check is taken; each refusal is kept, so that the error, or the warning when a
// later candidate did, says why the better one was not used. What a candidate must pass before it is mapped is in
// verify.hpp, what its tables must hold in interfaces.hpp.
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
#include <heddle/config.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace heddle::port {

class Library;

/// An open port. The tables live as long as the process; a copy of this is another name for the same port.
struct LoadedPort {
  const HeddlePort* descriptor = nullptr;
  std::filesystem::path path;  ///< absolute, without symbolic links
  const HeddleContextSwitcher* context_switcher = nullptr;
  const HeddleTlsProvider* tls_provider = nullptr;
  const HeddlePreempter* preempter = nullptr;  ///< delivery; null for the strategies none and cooperative
  const HeddlePreempter* injector = nullptr;   ///< locate and inject, which need not be the preempter's; null when that
                                               ///< is
  const HeddleVdsoCaller* vdso_caller = nullptr;
  const HeddleStackMemory* stack_memory = nullptr;          ///< null when the port has none
  const HeddleCodeModules* code_modules = nullptr;          ///< null when the port has none
  const HeddleThreadWatch* thread_watch = nullptr;          ///< null when the port has none
  const HeddleSymbolizer* symbolizer = nullptr;             ///< null when the port has none
  const HeddleDumpRequest* dump_request = nullptr;          ///< null when the port has none
  const HeddleFaultWatch* fault_watch = nullptr;            ///< null when the port has none
  const HeddleTimekeeper* timekeeper = nullptr;             ///< null when the port has none
  const HeddleProcedureCaller* procedure_caller = nullptr;  ///< null when the port has none
  std::vector<std::shared_ptr<Library>> libraries;          ///< in the order in which they were opened: the port, then
                                                            ///< providers

  bool operator==(const LoadedPort&) const = default;
};

/// Loads and opens the port that `config` asks for. When it is open already, gives the same again without a second
/// open. `host` outlives the process, and is the same at every call. Throws PortError, which lists each candidate with
/// its reason.
HEDDLE_API_FUNCTION LoadedPort load(const Config& config, const HeddleHost& host);

/// Closes what load() opened, last first; the next load() opens it anew. It stays mapped. REQUIRES: no worker is left.
HEDDLE_API_FUNCTION void close(const LoadedPort& port);

/// A library in one of port_path's folders, for `heddle ports`.
struct Candidate {
  std::string id;  ///< the descriptor's, or the file's name when it was not asked
  std::filesystem::path path;
  std::string os;
  std::string arch;
  std::string version;                  ///< empty when the descriptor was not asked
  std::vector<std::string> interfaces;  ///< likewise
  bool usable = false;  ///< by this program with this configuration, as far as can be told without opening it
  std::string reason;   ///< why not: a predicate of the library, "is truncated"
};

/// Every library in the folders of port_path, and the one that /port names. Maps those that verify() passes and opens
/// none. Throws PortError only where find_providers() does.
HEDDLE_API_FUNCTION std::vector<Candidate> list(const Config& config);

}  // namespace heddle::port
