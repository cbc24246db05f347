// Library: a mapped shared library that is a port, or provides some of a port's interfaces.
//
// Invariants: one Library for a file and process; a library whose open was ever called stays mapped until the process
// ends, because signal handlers, threads and tables may point into it; one that was only looked at is unmapped with its
// Library. REQUIRES for everything here: one thread at a time (the loader holds its lock).
#pragma once

#include <heddle/port/port.h>

#include <boost/dll/shared_library.hpp>

#include <filesystem>
#include <memory>

namespace heddle::port {

class Library {
 public:
  /// Maps `file`, which verify() has passed, with every symbol bound at once: a symbol bound at its first use would run
  /// the system's loader on a fiber's small stack or in a signal handler. Throws Refused when it is no port for this
  /// core.
  explicit Library(const std::filesystem::path& file);

  const std::filesystem::path& file() const { return file_; }
  const HeddlePort& descriptor() const { return *descriptor_; }

  /// Calls the port's open unless it is open already; was it called? Throws Refused, with what the port logged
  /// meanwhile, when it fails. `host` lives as long as the process.
  bool open(const HeddleHost& host);

  /// Calls the port's close if it is open.
  void close();

 private:
  std::filesystem::path file_;
  boost::dll::shared_library mapping_;
  const HeddlePort* descriptor_ = nullptr;
  bool is_open_ = false;
};

/// The Library of `file`, which verify() has passed. Throws Refused.
std::shared_ptr<Library> map_library(const std::filesystem::path& file);

/// library->open(host), and keeps the library mapped for good.
bool open_library(const std::shared_ptr<Library>& library, const HeddleHost& host);

}  // namespace heddle::port
