#include "port/library.hpp"

#include "port/host_log.hpp"
#include "port/interfaces.hpp"
#include "port/refused.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>

namespace heddle::port {

namespace {

// Boost.DLL wraps the words of dlerror(3) in its name and an error number that says nothing; where there is none of that, the
// number says it all.
std::string system_words(const std::system_error& error) {
  const std::string_view what = error.what();
  constexpr std::string_view kBefore = "(dlerror system message: ";
  const std::size_t start = what.find(kBefore);
  const std::size_t end = what.rfind(')');
  if (start == std::string_view::npos || end < start) return error.code().message();
  return std::string(what.substr(start + kBefore.size(), end - start - kBefore.size()));
}

std::string error_name(std::int32_t error) {
  switch (error) {
    case HEDDLE_E_INVALID:
      return "HEDDLE_E_INVALID (an option is wrong)";
    case HEDDLE_E_UNSUPPORTED:
      return "HEDDLE_E_UNSUPPORTED (this machine, kernel or process cannot do it)";
    case HEDDLE_E_NO_MEMORY:
      return "HEDDLE_E_NO_MEMORY (memory, address space or mappings ran out)";
    case HEDDLE_E_OS:
      return "HEDDLE_E_OS (a system call failed)";
    default:
      return "error " + std::to_string(error);
  }
}

struct Registry {
  std::map<std::filesystem::path, std::weak_ptr<Library>> mapped;
  std::set<std::shared_ptr<Library>> kept;
};

// Never destroyed: destructors that run at exit must not unmap what threads may still execute.
Registry& registry() {
  static auto& only = *new Registry;
  return only;
}

}  // namespace

Library::Library(const std::filesystem::path& file) : file_(file) {
  try {
    mapping_.load(file, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (const std::system_error& error) {
    throw Refused("cannot be mapped: " + system_words(error));
  }
  if (!mapping_.has(HEDDLE_PORT_QUERY_NAME))
    throw Refused("is a library, but no port: it does not export " HEDDLE_PORT_QUERY_NAME);
  const auto& query = mapping_.get<std::remove_pointer_t<HeddlePortQuery>>(HEDDLE_PORT_QUERY_NAME);
  descriptor_ = query(HEDDLE_ABI_VERSION);
  check_descriptor(descriptor_);
}

bool Library::open(const HeddleHost& host) {
  if (is_open_) return false;
  LogCapture log(host);
  const std::int32_t result = descriptor_->open(&log.host());
  if (result < 0) {
    const std::string detail = log.joined();
    throw Refused("fails to open with " + error_name(result) + ": " + (detail.empty() ? "it logged no reason" : detail));
  }
  log.forward();
  return is_open_ = true;
}

void Library::close() {
  if (!is_open_) return;
  is_open_ = false;
  descriptor_->close();
}

std::shared_ptr<Library> map_library(const std::filesystem::path& file) {
  std::weak_ptr<Library>& known = registry().mapped[file];
  if (std::shared_ptr<Library> library = known.lock()) return library;
  std::shared_ptr<Library> library = std::make_shared<Library>(file);
  // The system maps a file once, by whatever name: not every system says which names are one file's.
  for (const auto& [name, other] : registry().mapped)
    if (const auto same = other.lock(); same && &same->descriptor() == &library->descriptor()) library = same;
  known = library;
  return library;
}

bool open_library(const std::shared_ptr<Library>& library, const HeddleHost& host) {
  registry().kept.insert(library);  // even if open fails: it may have left something behind
  return library->open(host);
}

}  // namespace heddle::port
