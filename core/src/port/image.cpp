#include "port/image.hpp"

#include "port/byte_reader.hpp"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string_view>

namespace heddle::port {

namespace {

// System V ABI (gABI 4.1), chapters 4 and 5, and the processor supplements for the machine numbers.
constexpr std::uint16_t kElfSharedObject = 3;           // ET_DYN
constexpr std::uint32_t kSegmentDynamic = 2;            // PT_DYNAMIC
constexpr std::uint32_t kSectionNoBits = 8;             // SHT_NOBITS occupies no bytes of the file
constexpr std::uint64_t kDynamicFlags1 = 0x6ffffffb;    // DT_FLAGS_1
constexpr std::uint64_t kFlagPie = 0x08000000;          // DF_1_PIE: a program that happens to be position-independent
constexpr std::uint64_t kMostDynamicEntries = 0x10000;  // real libraries have some thirty

// PE/COFF specification, sections "COFF File Header", "Section Table" and "COFF Symbol Table".
constexpr std::uint64_t kPeOffsetField = 0x3c;
constexpr std::uint16_t kPeIsDll = 0x2000;
constexpr std::uint64_t kPeSectionSize = 40;
constexpr std::uint64_t kPeSymbolSize = 18;

struct ElfMachine {
  std::uint64_t number;
  bool wide;
  bool little;
  std::string_view name;
};

constexpr ElfMachine kElfMachines[] = {
    {62, true, true, "amd64"},    {183, true, true, "arm64"},     {40, false, true, "arm"},
    {3, false, true, "386"},      {243, true, true, "riscv64"},   {21, true, true, "ppc64le"},
    {21, true, false, "ppc64"},   {22, true, false, "s390x"},     {8, true, true, "mips64le"},
    {8, true, false, "mips64"},   {8, false, true, "mipsle"},     {8, false, false, "mips"},
    {258, true, true, "loong64"}, {62, false, true, "amd64 x32"}, {243, false, true, "riscv32"},
};

struct PeMachine {
  std::uint64_t number;
  std::string_view name;
};

constexpr PeMachine kPeMachines[] = {
    {0x8664, "amd64"}, {0xaa64, "arm64"}, {0x01c4, "arm"}, {0x014c, "386"}, {0x5064, "riscv64"},
};

std::string unnamed(std::uint64_t number) {
  return "machine " + std::to_string(number);
}

std::string elf_machine(std::uint64_t number, bool wide, bool little) {
  for (const ElfMachine& known : kElfMachines)
    if (known.number == number && known.wide == wide && known.little == little) return std::string(known.name);
  return unnamed(number) + (wide ? " of 64 bits" : " of 32 bits") + (little ? "" : ", big-endian");
}

// Linux's tools leave the field 0 (no extensions) or set 3 (GNU extensions); the systems that share 0 with it ship no
// ports.
std::string elf_os(std::uint8_t abi) {
  if (abi == 0 || abi == 3) return "linux";
  if (abi == 9) return "freebsd";
  return "ELF ABI " + std::to_string(abi);
}

// Where the fields of the two ELF classes lie: offset in its record, and bytes.
struct ElfLayout {
  std::uint64_t header, word;                       // size of the file header; of an address
  std::uint64_t ph_offset, sh_offset;               // e_phoff, e_shoff
  std::uint64_t ph_size, ph_count;                  // e_phentsize, e_phnum; e_shentsize and e_shnum follow
  std::uint64_t segment, p_offset, p_filesz;        // size of a program header; two of its fields
  std::uint64_t section, s_type, s_offset, s_size;  // size of a section header; three of its fields
};
constexpr ElfLayout kElf32 = {52, 4, 28, 32, 42, 44, 32, 4, 16, 40, 4, 16, 20};
constexpr ElfLayout kElf64 = {64, 8, 32, 40, 54, 56, 56, 8, 32, 64, 4, 24, 32};

class ElfReader {
 public:
  ElfReader(ByteReader& bytes, const ElfLayout& layout) : bytes_(bytes), layout_(layout) {}

  /// Are all tables, segments and sections inside the file? Finds the dynamic section on the way.
  bool complete() { return segments_complete() && sections_complete(); }

  /// REQUIRES: complete() was true. A shared object without a dynamic section cannot be loaded.
  bool is_library() {
    if (dynamic_end_ == 0) return false;
    const std::uint64_t entry = 2 * layout_.word;
    const std::uint64_t end = std::min(dynamic_end_, dynamic_begin_ + kMostDynamicEntries * entry);
    for (std::uint64_t at = dynamic_begin_; at + entry <= end; at += entry) {
      const std::uint64_t tag = bytes_.number(at, layout_.word).value_or(0);
      if (tag == 0) return true;
      if (tag == kDynamicFlags1) return !(bytes_.number(at + layout_.word, layout_.word).value_or(0) & kFlagPie);
    }
    return true;
  }

 private:
  struct Table {
    std::uint64_t at, stride, count;
  };

  std::optional<Table> table(std::uint64_t offset_field, std::uint64_t size_field, std::uint64_t least_stride) {
    const auto at = bytes_.number(offset_field, layout_.word);
    const auto stride = bytes_.number(size_field, 2);
    const auto count = bytes_.number(size_field + 2, 2);
    if (!at || !stride || !count) return std::nullopt;
    if (*at == 0) return Table{0, 0, 0};
    if (*stride < least_stride || !bytes_.holds(*at, *stride * *count)) return std::nullopt;
    return Table{*at, *stride, *count};
  }

  bool segments_complete() {
    const auto headers = table(layout_.ph_offset, layout_.ph_size, layout_.segment);
    if (!headers) return false;
    for (std::uint64_t i = 0; i < headers->count; ++i) {
      const std::uint64_t at = headers->at + i * headers->stride;
      const auto type = bytes_.number(at, 4);
      const auto offset = bytes_.number(at + layout_.p_offset, layout_.word);
      const auto size = bytes_.number(at + layout_.p_filesz, layout_.word);
      if (!type || !offset || !size || !bytes_.holds(*offset, *size)) return false;
      if (*type != kSegmentDynamic) continue;
      dynamic_begin_ = *offset;
      dynamic_end_ = *offset + *size;
    }
    return true;
  }

  bool sections_complete() {
    const auto headers = table(layout_.sh_offset, layout_.ph_size + 4, layout_.section);
    if (!headers) return false;
    for (std::uint64_t i = 0; i < headers->count; ++i) {
      const std::uint64_t at = headers->at + i * headers->stride;
      const auto type = bytes_.number(at + layout_.s_type, 4);
      const auto offset = bytes_.number(at + layout_.s_offset, layout_.word);
      const auto size = bytes_.number(at + layout_.s_size, layout_.word);
      if (!type || !offset || !size) return false;
      // Entry 0 is null, and uses its size for something else when there are too many sections for e_shnum.
      if (i != 0 && *type != kSectionNoBits && !bytes_.holds(*offset, *size)) return false;
    }
    return true;
  }

  ByteReader& bytes_;
  const ElfLayout& layout_;
  std::uint64_t dynamic_begin_ = 0;  // in the file; both 0 while none was seen
  std::uint64_t dynamic_end_ = 0;
};

Image read_elf(ByteReader& bytes) {
  Image image;
  const std::uint64_t wide = bytes.number(4, 1).value_or(0);
  const std::uint64_t encoding = bytes.number(5, 1).value_or(0);
  image.format = wide == 1 ? ImageFormat::kElf32 : ImageFormat::kElf64;
  image.os = elf_os(static_cast<std::uint8_t>(bytes.number(7, 1).value_or(0)));
  if (wide < 1 || wide > 2 || encoding < 1 || encoding > 2) return image;
  bytes.set_little_endian(encoding == 1);
  const ElfLayout& layout = wide == 2 ? kElf64 : kElf32;
  const auto type = bytes.number(16, 2);
  const auto machine = bytes.number(18, 2);
  if (!type || !machine) return image;
  image.machine = elf_machine(*machine, wide == 2, encoding == 1);
  ElfReader reader(bytes, layout);
  image.complete = bytes.holds(0, layout.header) && reader.complete();
  image.shared = image.complete && *type == kElfSharedObject && reader.is_library();
  return image;
}

bool pe_sections_complete(ByteReader& bytes, std::uint64_t at, std::uint64_t count) {
  if (!bytes.holds(at, count * kPeSectionSize)) return false;
  for (std::uint64_t i = 0; i < count; ++i, at += kPeSectionSize) {
    const auto size = bytes.number(at + 16, 4);
    const auto offset = bytes.number(at + 20, 4);
    if (!size || !offset || (*offset != 0 && !bytes.holds(*offset, *size))) return false;
  }
  return true;
}

// The names lie behind the symbols, and begin with the count of their bytes.
bool pe_symbols_complete(ByteReader& bytes, std::uint64_t at, std::uint64_t count) {
  if (at == 0) return true;
  const std::uint64_t names = at + count * kPeSymbolSize;
  const auto size = bytes.number(names, 4);
  return size && bytes.holds(names, *size);
}

Image read_pe(ByteReader& bytes) {
  const auto start = bytes.number(kPeOffsetField, 4);
  if (!start || bytes.number(*start, 4) != 0x00004550u) return {};  // "PE\0\0": without it a DOS program
  Image image;
  image.format = ImageFormat::kPe;
  image.os = "windows";
  const std::uint64_t header = *start + 4;
  const auto machine = bytes.number(header, 2);
  const auto sections = bytes.number(header + 2, 2);
  const auto symbols = bytes.number(header + 8, 4);
  const auto symbol_count = bytes.number(header + 12, 4);
  const auto optional_size = bytes.number(header + 16, 2);
  const auto flags = bytes.number(header + 18, 2);
  if (!machine) return image;
  image.machine = unnamed(*machine);
  for (const PeMachine& known : kPeMachines)
    if (known.number == *machine) image.machine = known.name;
  if (!sections || !symbols || !symbol_count || !optional_size || !flags) return image;
  image.complete = pe_sections_complete(bytes, header + 20 + *optional_size, *sections) &&
                   pe_symbols_complete(bytes, *symbols, *symbol_count);
  image.shared = image.complete && (*flags & kPeIsDll);
  return image;
}

}  // namespace

Image read_image(std::istream& in, std::uint64_t size) {
  ByteReader bytes(in, size);
  if (bytes.number(0, 4) == 0x464c457fu) return read_elf(bytes);  // "\x7f" "ELF"
  if (bytes.number(0, 2) == 0x5a4du) return read_pe(bytes);       // "MZ"
  return {};
}

Image read_image(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return {};  // opening a pipe would wait for its writer
  const std::uint64_t size = std::filesystem::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  if (error || !in) return {};
  return read_image(in, size);
}

}  // namespace heddle::port
