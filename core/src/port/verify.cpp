#include "port/verify.hpp"

#include "base/paths.hpp"
#include "port/folders.hpp"
#include "port/refused.hpp"
#include "port/sha256.hpp"

#include <heddle/error.hpp>

#include <algorithm>
#include <cctype>
#include <string_view>

namespace heddle::port {

namespace fs = std::filesystem;

namespace {

bool any(fs::perms permissions, fs::perms wanted) {
  return (permissions & wanted) != fs::perms::none;
}

std::string octal(fs::perms permissions) {
  std::string text = "0000";
  auto bits = static_cast<unsigned>(permissions & fs::perms::mask);
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, bits /= 8) *digit = static_cast<char>('0' + bits % 8);
  return text;
}

void require_regular_file(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) throw Refused("does not exist");
  if (status.type() == fs::file_type::directory) throw Refused("is a folder, not a library");
  if (status.type() == fs::file_type::none) throw Refused("cannot be looked at: " + error.message());
  if (status.type() != fs::file_type::regular) throw Refused("is not a regular file");
}

void require_safe_folder(const fs::path& folder) {
  std::error_code error;
  const fs::perms permissions = fs::status(folder, error).permissions();
  if (error) throw Refused("lies in " + base::text_of(folder) + ", which cannot be looked at: " + error.message());
  // In a sticky folder, as /tmp, only a file's owner may replace it.
  if (any(permissions, fs::perms::others_write) && !any(permissions, fs::perms::sticky_bit))
    throw Refused("lies in a folder where anyone may replace it (mode " + octal(permissions) +
                  "); take that right away: chmod o-w " + base::text_of(folder));
}

void require_safe_file(const fs::path& path) {
  std::error_code error;
  const fs::perms permissions = fs::status(path, error).permissions();
  if (error) throw Refused("cannot be looked at: " + error.message());
  if (any(permissions, fs::perms::others_write))
    throw Refused("may be written by anyone (mode " + octal(permissions) + "); take that right away: chmod o-w " +
                  base::text_of(path));
}

std::string format_name(ImageFormat format) {
  return format == ImageFormat::kPe ? "a PE file" : "an ELF file";
}

void require_fitting_image(const fs::path& path) {
  const Image image = read_image(path);
  if (image.format == ImageFormat::kNone) throw Refused("is neither an ELF nor a PE file");
  const Image& program = this_image();
  const bool fits = image.format == program.format && image.target() == program.target();
  if (!image.machine.empty() && !fits)
    throw Refused("is for " + image.target() + ", and this program runs on " + program.target(), true);
  std::error_code error;
  if (!image.complete)
    throw Refused("is truncated or damaged: its headers describe more than its " +
                  std::to_string(fs::file_size(path, error)) + " bytes; copy or build it again");
  if (!image.shared) throw Refused("is " + format_name(image.format) + " for this machine, but not a shared library");
}

void require_sha256(const fs::path& path, std::string wanted) {
  if (wanted.empty()) return;
  std::transform(wanted.begin(), wanted.end(), wanted.begin(), [](unsigned char c) { return std::tolower(c); });
  const std::string found = sha256_of(path);
  if (found != wanted)
    throw Refused("has the sha256 " + found + ", but /port_sha256 of the configuration asks for " + wanted);
}

}  // namespace

const Image& this_image() {
  static const Image image = [] {
    const fs::path program = program_file();
    Image read = read_image(program);
    if (read.machine.empty())
      throw PortError("cannot read the header of " + base::text_of(program) +
                      " to learn which machine this program runs on");
    return read;
  }();
  return image;
}

fs::path verify(const fs::path& path, const std::string& sha256) {
  if (!base::is_absolute(path)) throw Refused("is a relative path, and a library is loaded from an absolute path only");
  require_regular_file(path);
  std::error_code error;
  const fs::path file = base::real_path(path, error);
  if (error) throw Refused("cannot be looked at: " + error.message());
  // PE systems have access lists; the permission bits there are made up by the C library.
  if (this_image().format != ImageFormat::kPe) {
    require_safe_folder(path.parent_path());
    require_safe_folder(file.parent_path());
    require_safe_file(file);
  }
  require_fitting_image(file);
  require_sha256(file, sha256);
  return file;
}

}  // namespace heddle::port
