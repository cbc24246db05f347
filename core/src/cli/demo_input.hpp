// demo_input: what the demo deflates, and how many blocks of it.
#pragma once

#include "cli/round_trip.hpp"

#include <heddle/config.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace heddle::cli {

/// Of deflate's work at a time: some tens of milliseconds, so that the checkpoint behind each block is far from the
/// next.
inline constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

struct Input {
  std::vector<std::vector<unsigned char>> contents;  ///< one for each file
  std::vector<Block> blocks;                         ///< of at most kBlockBytes, in the order of the files
  std::uint64_t bytes = 0;
};

/// Reads up to 32 MiB of each file. Throws UsageError for one that cannot be read or is empty.
Input read_input(const std::vector<std::string>& files);

/// This program and the libraries that it has loaded; `loaded` are the paths that the port knows.
std::vector<std::string> default_files(const std::vector<std::string>& loaded);

/// How many blocks `processors` of this machine work through in about `seconds`, at least four for each. Takes a tenth
/// of a second.
std::uint64_t calibrate(const Input& input, unsigned processors, double seconds);

}  // namespace heddle::cli
