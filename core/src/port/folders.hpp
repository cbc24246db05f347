// folders: where this program and this library lie, and whether the environment may be believed.
#pragma once

#include <heddle/api.hpp>

#include <filesystem>

namespace heddle::port {

/// The file of the running program. Throws PortError when the operating system does not tell.
HEDDLE_API_FUNCTION std::filesystem::path program_file();

/// The folder of program_file(). Throws likewise.
std::filesystem::path program_folder();

/// The folder of the library that holds the core; program_folder() when the core is linked into the program. Never the
/// working directory. Throws as program_folder().
std::filesystem::path library_folder();

/// Is `program`'s environment that of whoever owns its rights? False when the file is setuid or setgid (chmod(2)), and
/// when its permissions cannot be read: a path from the environment would then let its caller choose the code that it
/// runs.
bool environment_is_trusted(const std::filesystem::path& program);

/// As above, of this program.
bool environment_is_trusted();

}  // namespace heddle::port
