// Reads the ELF image of the vDSO that the kernel maps into every process: symbols by name and version, and its bounds.
#pragma once

#include <link.h>

#include <cstddef>
#include <cstdint>

namespace heddle::port {

// A parsed image. Default-constructed it has no symbol and contains nothing.
class VdsoImage {
 public:
  // Parses the image whose ELF header is at `base`; base 0, or an image without what is needed, leaves it empty.
  void parse(uintptr_t base);

  // The address of a function of that name, null when there is none. A null version matches any.
  void* find(const char* name, const char* version) const;

  // Is pc inside the loaded segment?
  bool contains(uintptr_t pc) const { return pc >= lo_ && pc < hi_; }

  uintptr_t lo() const { return lo_; }
  uintptr_t hi() const { return hi_; }

 private:
  void read_dynamic(const ElfW(Dyn) * dynamic);
  bool matches(uint32_t index, const char* name, const char* version) const;
  bool has_version(uint32_t index, const char* version) const;
  void* find_in_gnu_hash(const char* name, const char* version) const;
  void* find_in_hash(const char* name, const char* version) const;
  void* address(uint32_t index) const;

  uintptr_t bias_ = 0;  // what is added to the addresses in the image
  uintptr_t lo_ = 0;
  uintptr_t hi_ = 0;
  const ElfW(Sym) * symbols_ = nullptr;
  const char* strings_ = nullptr;
  const uint32_t* hash_ = nullptr;      // DT_HASH
  const uint32_t* gnu_hash_ = nullptr;  // DT_GNU_HASH
  const ElfW(Versym) * version_indices_ = nullptr;
  const ElfW(Verdef) * version_definitions_ = nullptr;
};

}  // namespace heddle::port
