// The errors that a user of Heddle can cause. What a broken invariant of the runtime does is not here: that ends the
// process.
#pragma once

#include <heddle/api.hpp>

#include <stdexcept>

namespace heddle {

/// runtime.json, or what overrides it, cannot be used. what() names the file and line, the key as a JSON pointer, what
/// was wanted, what was found and what to do.
class HEDDLE_API ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// No port could be loaded. what() lists each candidate with the reason why it was passed over.
class HEDDLE_API PortError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace heddle
