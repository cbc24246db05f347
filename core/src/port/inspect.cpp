#include "port/inspect.hpp"

#include "base/paths.hpp"
#include "port/candidates.hpp"
#include "port/interfaces.hpp"
#include "port/library.hpp"
#include "port/refused.hpp"
#include "port/verify.hpp"

#include <algorithm>
#include <string>

namespace heddle::port {

namespace {

template <class Table>
const Table* require(const HeddlePort& port, const InterfaceRule& rule, const std::string& iid) {
  return static_cast<const Table*>(require_table(port, rule, iid));
}

template <class Table>
const Table* find(const HeddlePort& port, const InterfaceRule& rule) {
  return static_cast<const Table*>(find_table(port, rule, rule.iid));
}

// The table `rule` of the library that `key` names, which stays mapped through `providers`.
template <class Table>
const Table* provided(const char* key, const std::string& value, const InterfaceRule& rule, Providers& providers) {
  try {
    const std::shared_ptr<Library> library = map_library(verify(base::path_of(value), {}));
    const Table* table = require<Table>(library->descriptor(), rule, rule.iid);
    if (std::ranges::find(providers.libraries, library) == providers.libraries.end())
      providers.libraries.push_back(library);
    return table;
  } catch (const Refused& refused) {
    throw PortError(value + ", which " + key + " of the configuration names, " + refused.what());
  }
}

// The variant `name` of an interface of which the port has several.
template <class Table>
const Table* chosen(const HeddlePort& port, const InterfaceRule& rule, const char* key, const std::string& name) {
  const std::string iid = std::string(rule.iid) + "#" + name;
  if (const void* table = find_table(port, rule, iid)) return static_cast<const Table*>(table);
  throw Refused("lacks the interface " + iid + " that " + key + " of the configuration asks for; it has " +
                variants(port, rule));
}

bool injects(const HeddlePreempter& preempter) {
  if (!preempter.locate != !preempter.inject)
    throw Refused(std::string("has only one of locate and inject in its interface " HEDDLE_PREEMPTER_IID "#") +
                  preempter.strategy + "; a preempter has both or neither");
  return preempter.inject;
}

void choose_preempter(const HeddlePort& port, const Config& config, const Providers& providers, LoadedPort& out) {
  const std::string& strategy = config.preempter.strategy;
  const auto* best = require<HeddlePreempter>(port, kPreempter, HEDDLE_PREEMPTER_IID);
  require_table(port, kInjector, HEDDLE_PREEMPTER_IID);
  if (strategy == "none" || strategy == "cooperative") return;
  if (providers.preempter)
    out.preempter = providers.preempter;
  else if (strategy == "default")
    out.preempter = best;
  else
    out.preempter = chosen<HeddlePreempter>(port, kPreempter, "/preempter/strategy", strategy);
  out.injector = injects(*out.preempter) ? out.preempter : best;
}

const HeddleVdsoCaller* choose_vdso_caller(const HeddlePort& port, const Config& config, const Providers& providers) {
  if (providers.vdso_caller) return providers.vdso_caller;
  if (config.vdso_caller == "default") return require<HeddleVdsoCaller>(port, kVdsoCaller, HEDDLE_VDSO_CALLER_IID);
  return chosen<HeddleVdsoCaller>(port, kVdsoCaller, "/vdso_caller", config.vdso_caller);
}

}  // namespace

Providers find_providers(const Config& config) {
  Providers found;
  if (config.context_switcher != "port")
    found.context_switcher = provided<HeddleContextSwitcher>("/context_switcher", config.context_switcher,
                                                             kContextSwitcher, found);
  if (config.tls_provider != "port")
    found.tls_provider = provided<HeddleTlsProvider>("/tls_provider", config.tls_provider, kTlsProvider, found);
  if (names_file(config.vdso_caller))
    found.vdso_caller = provided<HeddleVdsoCaller>("/vdso_caller", config.vdso_caller, kVdsoCaller, found);
  if (names_file(config.preempter.strategy))
    found.preempter = provided<HeddlePreempter>("/preempter/strategy", config.preempter.strategy, kPreempter, found);
  return found;
}

LoadedPort inspect(const std::filesystem::path& file, const Config& config, const Providers& providers) {
  LoadedPort out;
  const std::shared_ptr<Library> library = map_library(verify(file, config.port_sha256));
  out.path = library->file();
  const HeddlePort& port = library->descriptor();
  out.descriptor = &port;
  out.context_switcher = providers.context_switcher
                             ? providers.context_switcher
                             : require<HeddleContextSwitcher>(port, kContextSwitcher, HEDDLE_CONTEXT_SWITCHER_IID);
  out.tls_provider = providers.tls_provider ? providers.tls_provider
                                            : require<HeddleTlsProvider>(port, kTlsProvider, HEDDLE_TLS_PROVIDER_IID);
  choose_preempter(port, config, providers, out);
  out.vdso_caller = choose_vdso_caller(port, config, providers);
  out.stack_memory = find<HeddleStackMemory>(port, kStackMemory);
  out.code_modules = find<HeddleCodeModules>(port, kCodeModules);
  out.thread_watch = find<HeddleThreadWatch>(port, kThreadWatch);
  out.symbolizer = find<HeddleSymbolizer>(port, kSymbolizer);
  out.dump_request = find<HeddleDumpRequest>(port, kDumpRequest);
  out.fault_watch = find<HeddleFaultWatch>(port, kFaultWatch);
  out.timekeeper = find<HeddleTimekeeper>(port, kTimekeeper);
  out.procedure_caller = find<HeddleProcedureCaller>(port, kProcedureCaller);
  out.libraries = {library};
  for (const auto& provider : providers.libraries)
    if (provider != library) out.libraries.push_back(provider);
  return out;
}

}  // namespace heddle::port
