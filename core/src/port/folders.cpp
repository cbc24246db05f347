#include "port/folders.hpp"

#include "base/paths.hpp"

#include <heddle/error.hpp>

#include <boost/dll/runtime_symbol_info.hpp>

namespace heddle::port {

namespace fs = std::filesystem;

fs::path program_file() {
  std::error_code error;
  fs::path file = boost::dll::program_location(error);
  if (error || !base::is_absolute(file))
    throw PortError("the operating system does not say where this program's file is (" +
                    (error ? error.message() : "it says " + base::text_of(file)) + "); on Linux /proc must be mounted");
  return file;
}

fs::path program_folder() {
  return program_file().parent_path();
}

fs::path library_folder() {
  std::error_code error;
  const fs::path file = boost::dll::this_line_location(error);
  // For code in the program itself the C library answers with argv[0], which may be relative or any text at all.
  if (error || !base::is_absolute(file)) return program_folder();
  return (base::names_share(file) ? file : file.lexically_normal()).parent_path();
}

bool environment_is_trusted(const fs::path& program) {
  std::error_code error;
  const fs::perms permissions = fs::status(program, error).permissions();
  if (error || permissions == fs::perms::unknown) return false;
  return (permissions & (fs::perms::set_uid | fs::perms::set_gid)) == fs::perms::none;
}

bool environment_is_trusted() {
  std::error_code error;
  const fs::path file = boost::dll::program_location(error);
  return !error && environment_is_trusted(file);
}

}  // namespace heddle::port
