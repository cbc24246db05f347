// verify: what must hold of a library's file before the operating system may map it.
//
// Whatever is mapped runs at once with all rights of the process. So: an absolute path, a regular file that nobody but
// its owner can change or replace, complete, made for this machine, and with the digest that the configuration asks
// for. The file can still change between the check and the mapping, but only by the hand of those whom it already
// trusts.
#pragma once

#include "port/image.hpp"

#include <filesystem>
#include <string>

namespace heddle::port {

/// The image of this program, which says which machine it runs on. Throws PortError when its file cannot be read.
const Image& this_image();

/// `path` without symbolic links. Throws Refused with a sentence about what is wrong. `sha256`: 64 hex digits, or empty
/// for any.
std::filesystem::path verify(const std::filesystem::path& path, const std::string& sha256);

}  // namespace heddle::port
