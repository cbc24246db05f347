// message: how the errors of this room are worded, so that all of them read alike:
//   PLACE: wanted WHAT, found WHAT; did you mean WHAT?
// What a file or a variable holds is shown in JSON notation and shortened: it may be long, binary or hostile to a
// terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heddle::config {

/// The text in JSON's escapes without quotes, at most 120 bytes of it; invalid UTF-8 becomes U+FFFD.
std::string printable(std::string_view text);

/// printable(text) in double quotes.
std::string in_quotes(std::string_view text);

/// "a", "a or b", "a, b or c", for any `conjunction`.
std::string listed(const std::vector<std::string>& items, std::string_view conjunction);

/// Throws ConfigError "PLACE: PROBLEM".
[[noreturn]] void fail(const std::string& place, const std::string& problem);

}  // namespace heddle::config
