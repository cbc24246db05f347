#include "port/loader.hpp"

#include "base/log.hpp"
#include "base/paths.hpp"
#include "port/candidates.hpp"
#include "port/inspect.hpp"
#include "port/library.hpp"
#include "port/refused.hpp"
#include "port/verify.hpp"

#include <mutex>

namespace heddle::port {

namespace fs = std::filesystem;

namespace {

std::mutex mutex;  // one load, close or list at a time

struct Rejection {
  fs::path file;
  std::string reason;
  bool expected;
};

// Opens the port and its providers, or nothing.
void open_all(const LoadedPort& port, const HeddleHost& host) {
  std::vector<Library*> opened;
  for (const auto& library : port.libraries) {
    try {
      if (open_library(library, host)) opened.push_back(library.get());
    } catch (const Refused& refused) {
      for (auto undo = opened.rbegin(); undo != opened.rend(); ++undo) (*undo)->close();
      if (library == port.libraries.front()) throw;
      throw PortError(base::text_of(library->file()) + ", which the configuration names as a provider, " + refused.what());
    }
  }
}

std::string advice() {
  return "\ninstall or build a port for " + this_image().target() +
         " into one of these folders, add its folder to /port_path, or give its absolute path as /port";
}

std::string known_ids(const Config& config) {
  std::string text;
  for (const fs::path& file : all_candidates(config).files)
    text.append(text.empty() ? "" : ", ").append(base::text_of(file.stem()));
  return text.empty() ? "no library" : text;
}

std::string explain(const Config& config, const Candidates& tried, const std::vector<Rejection>& rejections) {
  std::string text;
  if (names_file(config.port))
    text = "the library that /port of the configuration names cannot be used:";
  else if (config.port == "auto")
    text = "no port for this machine (" + this_image().target() + "); searched " + tried.searched;
  else if (rejections.empty())
    text = "no port has the id \"" + config.port + "\" that /port of the configuration asks for; searched " +
           tried.searched + " and found " + known_ids(config);
  else
    text = "no port with the id \"" + config.port + "\" can be used; searched " + tried.searched;
  for (const Rejection& rejection : rejections) text += "\n  " + base::text_of(rejection.file) + " " + rejection.reason;
  return names_file(config.port) ? text : text + advice();
}

void warn(const std::vector<Rejection>& rejections, const fs::path& taken) {
  for (const Rejection& rejection : rejections)
    if (!rejection.expected)
      base::log(base::LogLevel::kWarning, "passed over " + base::text_of(rejection.file) + ", which " +
                                              rejection.reason + "; the port is " + base::text_of(taken));
}

void describe(const HeddlePort& port, Candidate& out) {
  out.id = port.id;
  out.os = port.os;
  out.arch = port.arch;
  out.version = port.version;
  for (const char* const* iid = port.interfaces; *iid; ++iid) out.interfaces.emplace_back(*iid);
}

Candidate candidate_of(const fs::path& file, const Config& config, const Providers& providers) {
  Candidate out;
  out.id = base::text_of(file.stem());
  out.path = file;
  try {
    describe(*inspect(file, config, providers).descriptor, out);
    out.usable = true;
  } catch (const Refused& refused) {
    const Image image = read_image(file);
    out.os = image.os;
    out.arch = image.machine;
    out.reason = refused.what();
  }
  return out;
}

}  // namespace

LoadedPort load(const Config& config, const HeddleHost& host) {
  const std::lock_guard lock(mutex);
  const Providers providers = find_providers(config);
  const Candidates tried = candidates(config);
  std::vector<Rejection> rejections;
  for (const fs::path& file : tried.files) {
    try {
      LoadedPort port = inspect(file, config, providers);
      open_all(port, host);
      warn(rejections, port.path);
      return port;
    } catch (const Refused& refused) {
      rejections.push_back({file, refused.what(), refused.expected()});
    }
  }
  throw PortError(explain(config, tried, rejections));
}

void close(const LoadedPort& port) {
  const std::lock_guard lock(mutex);
  for (auto library = port.libraries.rbegin(); library != port.libraries.rend(); ++library) (*library)->close();
}

std::vector<Candidate> list(const Config& config) {
  const std::lock_guard lock(mutex);
  const Providers providers = find_providers(config);
  std::vector<fs::path> files = all_candidates(config).files;
  if (names_file(config.port)) files.insert(files.begin(), base::path_of(config.port));
  std::vector<Candidate> found;
  for (const fs::path& file : files) found.push_back(candidate_of(file, config, providers));
  return found;
}

}  // namespace heddle::port
