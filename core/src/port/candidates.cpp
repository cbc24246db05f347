#include "port/candidates.hpp"

#include "base/paths.hpp"

#include <algorithm>

namespace heddle::port {

namespace fs = std::filesystem;

namespace {

bool is_library_name(const fs::path& file) {
  return file.extension() == ".so" || file.extension() == ".dll";
}

// Appends the libraries of `folder` to `files`; returns what a message adds to the folder's name.
std::string search(const fs::path& folder, std::vector<fs::path>& files) {
  if (!base::is_absolute(folder)) return " (a relative path, not searched)";
  std::error_code error;
  if (!fs::exists(folder, error)) return error ? " (" + error.message() + ")" : " (no such folder)";
  const auto first = static_cast<std::ptrdiff_t>(files.size());
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (is_library_name(entry->path())) files.push_back(entry->path());
  std::sort(files.begin() + first, files.end());
  return error ? " (" + error.message() + ")" : "";
}

}  // namespace

bool names_file(const std::string& value) {
  const fs::path path = base::path_of(value);
  return path.has_parent_path() || is_library_name(path);
}

Candidates all_candidates(const Config& config) {
  Candidates found;
  for (const fs::path& folder : config.port_path) {
    const std::string remark = search(folder, found.files);
    found.searched.append(found.searched.empty() ? "" : ", ").append(base::text_of(folder)).append(remark);
  }
  if (found.searched.empty()) found.searched = "no folder, as /port_path is empty";
  return found;
}

Candidates candidates(const Config& config) {
  if (names_file(config.port)) return {{base::path_of(config.port)}, {}};
  Candidates found = all_candidates(config);
  if (config.port != "auto")
    std::erase_if(found.files, [&](const fs::path& file) { return base::text_of(file.stem()) != config.port; });
  return found;
}

}  // namespace heddle::port
