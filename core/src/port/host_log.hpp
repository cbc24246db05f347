// LogCapture: keeps what a port logs while its open runs, so that a refusal can carry the port's own words.
//
// A HeddleHost's functions carry no context, so the port is given a copy of the host whose log first asks whether the
// calling thread captures. The copy lives as long as the process, as ports keep its address; every port gets the same
// one.
#pragma once

#include <heddle/port/port.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace heddle::port {

class LogCapture {
 public:
  /// Captures what this thread logs through host() until destruction. REQUIRES: one at a time in the process, and no
  /// port is open with another host.
  explicit LogCapture(const HeddleHost& host);
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  /// The host to give to the port.
  const HeddleHost& host() const;

  /// The lines so far, separated by "; ".
  std::string joined() const;

  /// Hands the lines so far on to the real host.
  void forward() const;

 private:
  std::vector<std::pair<std::int32_t, std::string>> lines_;
};

}  // namespace heddle::port
