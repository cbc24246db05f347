#include "cli/demo_input.hpp"

#include "base/paths.hpp"
#include "cli/command.hpp"
#include "port/folders.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <fstream>
#include <set>

namespace heddle::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostOfAFile = std::size_t{32} << 20;

std::vector<unsigned char> read_file(const std::string& file) {
  std::error_code error;
  const fs::path path = base::path_of(file);
  std::ifstream in(path, std::ios::binary);
  if (fs::is_directory(path, error) || !in)
    throw UsageError(fmt::format("{}: cannot be read; give the demo ordinary files", file));
  std::vector<unsigned char> bytes(kMostOfAFile);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  if (bytes.empty()) throw UsageError(fmt::format("{}: is empty; the demo needs something to deflate", file));
  bytes.shrink_to_fit();
  return bytes;
}

}  // namespace

Input read_input(const std::vector<std::string>& files) {
  Input input;
  for (const std::string& file : files) {
    const auto& content = input.contents.emplace_back(read_file(file));
    input.bytes += content.size();
    for (std::size_t at = 0; at < content.size(); at += kBlockBytes)
      input.blocks.emplace_back(content.data() + at, std::min(kBlockBytes, content.size() - at));
  }
  return input;
}

std::vector<std::string> default_files(const std::vector<std::string>& loaded) {
  std::set<fs::path> seen;
  std::vector<std::string> files;
  const auto add = [&](const fs::path& file) {
    std::error_code error;
    const fs::path real = base::real_path(file, error);  // fails for the vDSO, which is no file
    if (!error && fs::is_regular_file(real, error) && seen.insert(real).second) files.push_back(base::text_of(real));
  };
  add(port::program_file());
  for (const std::string& path : loaded) add(base::path_of(path));
  return files;
}

}  // namespace heddle::cli
