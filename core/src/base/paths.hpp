// paths: what std::filesystem leaves open or gets wrong where paths are not bytes: their text, and which are absolute.
//
// In runtime.json, on the command line and in messages a path is UTF-8. path::string() would convert it by the C locale and
// throw at the first letter outside of that.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace heddle::base {

inline std::string text_of(const std::filesystem::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

/// Throws std::filesystem::filesystem_error for what is not UTF-8, where paths are not bytes.
inline std::filesystem::path path_of(std::string_view text) {
  return std::u8string(text.begin(), text.end());
}

/// A share of a network or a device, "\\server\share\x" or "\\?\C:\x", which GCC's library takes for a path of the current
/// drive. Where '/' separates folders there is none.
inline bool names_share(const std::filesystem::path& path) {
  constexpr auto kSeparator = std::filesystem::path::preferred_separator;
  const auto is_separator = [](auto c) { return c == kSeparator || c == '/'; };
  const std::filesystem::path::string_type& text = path.native();
  return kSeparator != '/' && text.size() > 2 && is_separator(text[0]) && is_separator(text[1]);
}

/// Does it mean the same in every working directory?
inline bool is_absolute(const std::filesystem::path& path) {
  return path.is_absolute() || names_share(path);
}

/// canonical(), except that a path into a share stays as it is.
inline std::filesystem::path real_path(const std::filesystem::path& path, std::error_code& error) {
  error.clear();
  return names_share(path) ? path : std::filesystem::canonical(path, error);
}

}  // namespace heddle::base
