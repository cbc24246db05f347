// folders: what the configuration must know of the process, and cannot find out without asking the operating system.
//
// This room must hold no condition on an operating system, so the facts are handed in: the room that can find them
// registers a source before main() runs, and it is asked once, when a configuration is first wanted. Looking them up
// here was rejected (it needs Boost.DLL, which belongs to room port), as was a parameter of Config::load (it would put
// them into the public API).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace heddle::config {

struct Folders {
  std::filesystem::path program;       ///< holds the running program; stands for ${config_dir} when there is no file
  std::filesystem::path library;       ///< holds Heddle's library: ${library_dir}
  bool trust_environment = true;       ///< false in a setuid process: the environment is then ignored
  std::vector<std::string> variables;  ///< names of the environment's variables; empty where they cannot be listed
};

using FoldersSource = Folders (*)();

/// Registers what folders() asks. REQUIRES: no other thread uses this room. A later call replaces the source and what
/// it said.
void set_folders_source(FoldersSource source);

/// What the source said when it was first asked; empty paths when there is none. Any thread. What the source throws
/// becomes a ConfigError, and it is asked again the next time.
const Folders& folders();

}  // namespace heddle::config
