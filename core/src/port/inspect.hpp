// inspect: takes a file to a port whose tables are known to be sound, without opening it; load() and list() share it.
#pragma once

#include "port/loader.hpp"

#include <filesystem>
#include <memory>
#include <vector>

namespace heddle::port {

/// What the configuration takes from libraries of its own; null where the port provides it.
struct Providers {
  const HeddleContextSwitcher* context_switcher = nullptr;
  const HeddleTlsProvider* tls_provider = nullptr;
  const HeddleVdsoCaller* vdso_caller = nullptr;
  const HeddlePreempter* preempter = nullptr;
  std::vector<std::shared_ptr<Library>> libraries;
};

/// Maps and checks the libraries that /context_switcher, /tls_provider, /vdso_caller and /preempter/strategy name.
/// Throws PortError that names the key: what was asked for by name is not replaced by something else.
Providers find_providers(const Config& config);

/// Verifies and maps `file` and finds its tables; its libraries are the port's, then the providers'. Throws Refused.
LoadedPort inspect(const std::filesystem::path& file, const Config& config, const Providers& providers);

}  // namespace heddle::port
