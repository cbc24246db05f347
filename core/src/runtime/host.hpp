// host: what the core offers to ports.
#pragma once

#include <heddle/port/port.h>
#include <heddle/config.hpp>

namespace heddle::runtime {

/// The one HeddleHost of the process. Its option() answers from `config`, which is copied, until the next call.
HEDDLE_API_FUNCTION const HeddleHost& host(const Config& config);

}  // namespace heddle::runtime
