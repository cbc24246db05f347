#include "port/sha256.hpp"

#include "port/refused.hpp"

#include <gcrypt.h>

#include <array>
#include <fstream>
#include <memory>

namespace heddle::port {

namespace {

// The program may use libgcrypt itself and have set it up; else it must be set up before the first use.
void set_up_libgcrypt() {
  if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) return;
  gcry_check_version(nullptr);
  gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
  gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
}

struct CloseDigest {
  void operator()(gcry_md_hd_t digest) const { gcry_md_close(digest); }
};

std::string hex(const unsigned char* bytes, std::size_t count) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text.append({kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15]});
  return text;
}

}  // namespace

std::string sha256_of(const std::filesystem::path& file) {
  set_up_libgcrypt();
  gcry_md_hd_t handle = nullptr;
  if (const gcry_error_t error = gcry_md_open(&handle, GCRY_MD_SHA256, 0))
    throw Refused(std::string("cannot be checked against its sha256: libgcrypt says ") + gcry_strerror(error));
  const std::unique_ptr<std::remove_pointer_t<gcry_md_hd_t>, CloseDigest> digest(handle);
  std::ifstream in(file, std::ios::binary);
  std::array<char, 1 << 16> block;
  while (in.read(block.data(), block.size()), in.gcount() > 0)
    gcry_md_write(handle, block.data(), static_cast<std::size_t>(in.gcount()));
  if (!in.eof()) throw Refused("cannot be read to check its sha256");
  return hex(gcry_md_read(handle, GCRY_MD_SHA256), gcry_md_get_algo_dlen(GCRY_MD_SHA256));
}

}  // namespace heddle::port
