// image: what the header of an ELF or PE file says, read without mapping the file.
//
// The loader asks before it lets the operating system map anything, because a mapping runs constructors, and because
// the system's own refusal ("wrong ELF class") does not say what the file is. The parser knows both formats on every
// machine, so that a Linux build can say "this is the port for windows amd64" and the room needs no conditional.
//
// Invariants: reads only the headers and the dynamic section, every read is checked against the file's size, and the
// work is bounded by the 16-bit counts of the formats. Boost.DLL's library_info was rejected: it trusts the offsets
// that it reads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>

namespace heddle::port {

enum class ImageFormat { kNone, kElf32, kElf64, kPe };

struct Image {
  ImageFormat format = ImageFormat::kNone;
  std::string os;         ///< "linux", "windows", "freebsd", or "ELF ABI N"; empty when format is kNone
  std::string machine;    ///< "amd64", "arm64", "arm", "386", …, or "machine N"; empty when the header is cut off
  bool shared = false;    ///< a library that other programs may map (a position-independent program is none)
  bool complete = false;  ///< every header, segment and section that it describes lies inside the file

  /// "linux amd64". Two images fit into one process when these and their formats are equal.
  std::string target() const { return os + " " + machine; }
};

/// The header of the `size` bytes in `in`. Never throws on what the bytes are; what cannot be read counts as cut off.
Image read_image(std::istream& in, std::uint64_t size);

/// As above, of a file. A file that is no regular file or cannot be read has the format kNone.
Image read_image(const std::filesystem::path& file);

}  // namespace heddle::port
