// candidates: which files may be the port, by /port and /port_path of the configuration. Looks at names only.
#pragma once

#include <heddle/config.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace heddle::port {

struct Candidates {
  std::vector<std::filesystem::path> files;  ///< in the order in which they are tried
  std::string searched;                      ///< the folders of port_path for a message: "/a, /b (no such folder)"
};

/// Does `value` name a file rather than an id, a source or a strategy? It has a folder or ends as a library does.
bool names_file(const std::string& value);

/// Every library in the folders of port_path: folders in their order, the files of each by name.
Candidates all_candidates(const Config& config);

/// Those of all_candidates that /port asks for: all for `auto`, those with that name for an id; or the one file that it
/// names.
Candidates candidates(const Config& config);

}  // namespace heddle::port
