// Refused: why one library cannot serve, inside this room. The loader turns the reasons of all candidates into one
// PortError.
#pragma once

#include <stdexcept>
#include <string>

namespace heddle::port {

class Refused : public std::runtime_error {
 public:
  /// `reason` is a predicate of the library: "is truncated", "lacks the interface …".
  /// `expected`: the library is sound but made for another machine, as most files of a folder of ports are; nobody need
  /// be warned.
  explicit Refused(const std::string& reason, bool expected = false)
      : std::runtime_error(reason), expected_(expected) {}

  bool expected() const { return expected_; }

 private:
  bool expected_;
};

}  // namespace heddle::port
