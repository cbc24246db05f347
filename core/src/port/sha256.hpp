// sha256: the digest of a file, for port_sha256. libgcrypt does the arithmetic.
#pragma once

#include <filesystem>
#include <string>

namespace heddle::port {

/// 64 lower-case hex digits of the contents of `file`. Throws Refused when it cannot be read. One thread at a time.
std::string sha256_of(const std::filesystem::path& file);

}  // namespace heddle::port
