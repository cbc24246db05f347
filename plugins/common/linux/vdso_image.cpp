// See vdso_image.hpp. Sources: the System V gABI, "Hash Table"; the LSB, "Symbol Versioning"; DT_GNU_HASH as the GNU
// linker writes it. Kernels differ in which of the two hash tables their vDSO has: either alone is enough here.
#include "linux/vdso_image.hpp"

#include <elf.h>

#include <cstring>

namespace heddle::port {
namespace {

uint32_t sysv_hash(const char* name) {
  uint32_t hash = 0;
  for (; *name != '\0'; ++name) {
    hash = (hash << 4) + static_cast<unsigned char>(*name);
    const uint32_t high = hash & 0xf0000000u;
    hash = (hash ^ high >> 24) & ~high;
  }
  return hash;
}

uint32_t gnu_hash(const char* name) {
  uint32_t hash = 5381;
  for (; *name != '\0'; ++name) hash = hash * 33 + static_cast<unsigned char>(*name);
  return hash;
}

}  // namespace

void VdsoImage::parse(uintptr_t base) {
  *this = VdsoImage();
  if (base == 0) return;
  const auto* header = reinterpret_cast<const ElfW(Ehdr)*>(base);
  if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return;
  const auto* segments = reinterpret_cast<const ElfW(Phdr)*>(base + header->e_phoff);
  const ElfW(Phdr)* dynamic = nullptr;
  for (int i = 0; i < header->e_phnum; ++i) {
    if (segments[i].p_type == PT_LOAD && hi_ == 0) {
      bias_ = base + segments[i].p_offset - segments[i].p_vaddr;
      lo_ = bias_ + segments[i].p_vaddr;
      hi_ = lo_ + segments[i].p_memsz;
    } else if (segments[i].p_type == PT_DYNAMIC) {
      dynamic = &segments[i];
    }
  }
  if (hi_ != 0 && dynamic != nullptr) read_dynamic(reinterpret_cast<const ElfW(Dyn)*>(bias_ + dynamic->p_vaddr));
}

void VdsoImage::read_dynamic(const ElfW(Dyn) * dynamic) {
  for (; dynamic->d_tag != DT_NULL; ++dynamic) {
    // The kernel leaves the addresses as they were linked; whoever else maps an image may have moved them already.
    const uintptr_t linked = dynamic->d_un.d_ptr;
    const uintptr_t value = contains(linked) ? linked : bias_ + linked;
    if (dynamic->d_tag == DT_SYMTAB) symbols_ = reinterpret_cast<const ElfW(Sym)*>(value);
    if (dynamic->d_tag == DT_STRTAB) strings_ = reinterpret_cast<const char*>(value);
    if (dynamic->d_tag == DT_HASH) hash_ = reinterpret_cast<const uint32_t*>(value);
    if (dynamic->d_tag == DT_GNU_HASH) gnu_hash_ = reinterpret_cast<const uint32_t*>(value);
    if (dynamic->d_tag == DT_VERSYM) version_indices_ = reinterpret_cast<const ElfW(Versym)*>(value);
    if (dynamic->d_tag == DT_VERDEF) version_definitions_ = reinterpret_cast<const ElfW(Verdef)*>(value);
  }
}

void* VdsoImage::find(const char* name, const char* version) const {
  if (symbols_ == nullptr || strings_ == nullptr) return nullptr;
  void* found = gnu_hash_ == nullptr ? nullptr : find_in_gnu_hash(name, version);
  return found != nullptr || hash_ == nullptr ? found : find_in_hash(name, version);
}

bool VdsoImage::matches(uint32_t index, const char* name, const char* version) const {
  const ElfW(Sym)& symbol = symbols_[index];
  const int type = symbol.st_info & 0xf;  // ELF32_ST_TYPE and ELF64_ST_TYPE are the same
  if (symbol.st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_NOTYPE)) return false;
  return strcmp(strings_ + symbol.st_name, name) == 0 && has_version(index, version);
}

bool VdsoImage::has_version(uint32_t index, const char* version) const {
  if (version == nullptr || version_indices_ == nullptr || version_definitions_ == nullptr) return true;
  constexpr ElfW(Versym) kHidden = 0x8000;
  const auto wanted = static_cast<ElfW(Versym)>(version_indices_[index] & ~kHidden);
  const auto* definition = reinterpret_cast<const char*>(version_definitions_);
  for (;;) {
    const auto* entry = reinterpret_cast<const ElfW(Verdef)*>(definition);
    if ((entry->vd_flags & VER_FLG_BASE) == 0 && (entry->vd_ndx & ~kHidden) == wanted) {
      const auto* names = reinterpret_cast<const ElfW(Verdaux)*>(definition + entry->vd_aux);
      return strcmp(strings_ + names->vda_name, version) == 0;
    }
    if (entry->vd_next == 0) return false;
    definition += entry->vd_next;
  }
}

void* VdsoImage::find_in_gnu_hash(const char* name, const char* version) const {
  // Layout: bucket count, first hashed symbol, words in the bloom filter, shift; the filter; the buckets; the chains,
  // in which the lowest bit marks the end.
  const uint32_t buckets = gnu_hash_[0], first = gnu_hash_[1], bloom_words = gnu_hash_[2];
  const auto* bloom = reinterpret_cast<const ElfW(Addr)*>(gnu_hash_ + 4);
  const auto* bucket = reinterpret_cast<const uint32_t*>(bloom + bloom_words);
  const uint32_t* chain = bucket + buckets;
  if (buckets == 0) return nullptr;
  const uint32_t hash = gnu_hash(name);
  for (uint32_t i = bucket[hash % buckets]; i >= first && i != 0; ++i) {
    const uint32_t entry = chain[i - first];
    if ((entry | 1) == (hash | 1) && matches(i, name, version)) return address(i);
    if ((entry & 1) != 0) break;
  }
  return nullptr;
}

void* VdsoImage::find_in_hash(const char* name, const char* version) const {
  // Layout: bucket count, chain length (= number of symbols), the buckets, the chains; 0 ends a chain.
  const uint32_t buckets = hash_[0];
  const uint32_t* bucket = hash_ + 2;
  const uint32_t* chain = bucket + buckets;
  if (buckets == 0) return nullptr;
  for (uint32_t i = bucket[sysv_hash(name) % buckets]; i != STN_UNDEF; i = chain[i]) {
    if (matches(i, name, version)) return address(i);
  }
  return nullptr;
}

void* VdsoImage::address(uint32_t index) const {
  return reinterpret_cast<void*>(bias_ + symbols_[index].st_value);
}

}  // namespace heddle::port
