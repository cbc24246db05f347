// expand: what ${…} stands for in the strings of runtime.json, and how a relative path becomes absolute.
#pragma once

#include "config/folders.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace heddle::config {

/// Where a configuration lies.
struct Context {
  std::filesystem::path config_dir;  ///< absolute; relative paths start here
  const Folders& folders;
};

/// Replaces ${config_dir}, ${library_dir} and ${env:NAME}; $$ stands for one $. What is put in is not expanded again.
/// Throws a ConfigError that begins with `place` for any other ${…}, for one that does not end, and for a variable that
/// is not set.
std::string expand(std::string_view text, const Context& context, const std::string& place);

/// The text that expand() turns into `text`.
std::string unexpanded(std::string_view text);

/// True for a text with a separator of folders in it: what has none is a word, and never a file of the working
/// directory.
bool is_path(std::string_view text);

/// The path that `text` is. Throws a ConfigError that begins with `place` for what is none here: where paths are not bytes, text in
/// another encoding than UTF-8.
std::filesystem::path path_in(std::string_view text, const std::string& place);

/// The path, relative to the configuration's folder when it is relative. Symbolic links are not followed, and for their
/// sake ".." stays: "link/.." need not be the folder that holds the link.
std::filesystem::path resolve(const std::filesystem::path& path, const Context& context);

}  // namespace heddle::config
