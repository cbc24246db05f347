// host: what this command offers to a port that it opens itself, to list what the port has and to try its tables one by
// one.
//
// No runtime is behind it: nothing is ever delivered or preempted. A process that opens a port with this host must not
// call heddle::run() too, as a port knows one host at a time.
#pragma once

#include <heddle/port/port.h>
#include <heddle/config.hpp>

namespace heddle::cli {

/// Answers with the settings of the configuration that was given last; logs to standard error.
const HeddleHost& host(const Config& config);

}  // namespace heddle::cli
