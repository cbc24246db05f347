#include "port/image.hpp"

#include "support.hpp"

#include <iostream>
#include <random>
#include <sstream>

namespace heddle::port::test {
namespace {

const std::filesystem::path kGood = fixture_library("good");

Image image_of(const std::string& bytes) {
  std::istringstream in(bytes);
  return read_image(in, bytes.size());
}

void put(std::string& bytes, std::size_t at, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes[at + i] = static_cast<char>(value >> 8 * i);
}

// A PE library of one section: the headers of the specification and nothing else.
std::string pe(std::uint64_t machine, std::uint64_t flags) {
  std::string bytes(0x400, '\0');
  bytes.replace(0, 2, "MZ");
  put(bytes, 0x3c, 0x80, 4);
  bytes.replace(0x80, 2, "PE");
  put(bytes, 0x84, machine, 2);
  put(bytes, 0x86, 1, 2);          // sections
  put(bytes, 0x84 + 16, 0xf0, 2);  // bytes of the optional header
  put(bytes, 0x84 + 18, flags, 2);
  put(bytes, 0x84 + 20 + 0xf0 + 16, 0x200, 4);  // the section's bytes in the file
  put(bytes, 0x84 + 20 + 0xf0 + 20, 0x200, 4);  // and where they begin
  return bytes;
}

TEST(Image, LibraryIsForTheMachineOfTheProgramThatWasBuiltWithIt) {
  const Image library = read_image(kGood);
  const Image program = read_image(kProgram);
  EXPECT_EQ(library.target(), program.target());
  EXPECT_EQ(library.format, program.format);
  EXPECT_TRUE(library.shared);
  EXPECT_TRUE(library.complete);
}

TEST(Image, PositionIndependentProgramIsNoLibrary) {
  const Image program = read_image(kProgram);
  EXPECT_TRUE(program.complete);
  EXPECT_FALSE(program.shared);
}

TEST(Image, EveryTruncationIsNoticed) {
  const std::string whole = contents(kGood);
  const std::size_t recognised = is_pe(whole) ? pe_start(whole) + 4 : 4;  // from so many bytes on
  ASSERT_TRUE(image_of(whole).complete);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Image cut = image_of(whole.substr(0, size));
    ASSERT_FALSE(cut.complete) << "of the first " << size << " bytes";
    ASSERT_FALSE(cut.shared) << "of the first " << size << " bytes";
    ASSERT_EQ(cut.format == ImageFormat::kNone, size < recognised) << "of the first " << size << " bytes";
  }
}

TEST(Image, EveryTruncationOfPeIsNoticed) {
  const std::string whole = pe(0x8664, 0x2022);
  ASSERT_TRUE(image_of(whole).shared);
  for (std::size_t size = 0; size < whole.size(); ++size)
    ASSERT_FALSE(image_of(whole.substr(0, size)).complete) << "of the first " << size << " bytes";
}

// What damage does to a file cannot be told in general; what must hold is that it is read to the end, and read
// consistently.
TEST(Image, SurvivesDamage) {
  const auto seed = std::random_device()();
  std::cout << "seed " << seed << '\n';
  std::mt19937 random(seed);
  const std::string originals[] = {contents(kGood), pe(0xaa64, 0x2022)};
  for (int round = 0; round < 4000; ++round) {
    std::string bytes = originals[round % 2];
    // Half of the damage hits the first 256 bytes, where nearly every byte matters.
    for (int flips = 1 + static_cast<int>(random() % 8); flips > 0; --flips) {
      const std::size_t at = random() % (random() % 2 ? bytes.size() : 256);
      bytes[at] = static_cast<char>(random());
    }
    const Image image = image_of(bytes);
    ASSERT_TRUE(image.complete || !image.shared) << "round " << round;
    ASSERT_TRUE(image.format != ImageFormat::kNone || !image.complete) << "round " << round;
    ASSERT_EQ(image.format == ImageFormat::kNone, image.os.empty()) << "round " << round;
    ASSERT_TRUE(!image.complete || !image.machine.empty()) << "round " << round;
  }
}

TEST(Image, OffsetsAtTheEndOfTheNumberRangeDoNotWrapInPe) {
  for (const std::size_t at : {0x3cu, 0x84u + 8, 0x84u + 20 + 0xf0 + 20}) {  // the header, the symbols, the section
    std::string bytes = pe(0x8664, 0x2022);
    put(bytes, at, 0xfffffff0u, 4);
    EXPECT_FALSE(image_of(bytes).complete) << at;
  }
}

TEST(Image, OffsetsAtTheEndOfTheNumberRangeDoNotWrap) {
  if (is_pe(contents(kGood))) GTEST_SKIP() << "an ELF file is needed, and this machine's libraries are none";
  const bool wide = read_image(kGood).format == ImageFormat::kElf64;
  const int word = wide ? 8 : 4;
  std::string bytes = contents(kGood);
  put(bytes, wide ? 32 : 28, ~std::uint64_t{0} - 8, word);  // e_phoff
  EXPECT_FALSE(image_of(bytes).complete);
  bytes = contents(kGood);
  put(bytes, wide ? 64 + 8 : 52 + 4, ~std::uint64_t{0} - 4096, word);  // p_offset of the first segment
  EXPECT_FALSE(image_of(bytes).complete);
}

TEST(Image, NamesOtherMachines) {
  struct {
    char wide, encoding;
    std::uint64_t machine;
    const char* target;
  } const cases[] = {
      {2, 1, 62, "linux amd64"},     {2, 1, 183, "linux arm64"},
      {1, 1, 40, "linux arm"},       {1, 1, 3, "linux 386"},
      {2, 1, 243, "linux riscv64"},  {2, 1, 21, "linux ppc64le"},
      {1, 1, 62, "linux amd64 x32"}, {2, 1, 4711, "linux machine 4711 of 64 bits"},
  };
  for (const auto& one : cases) {
    std::string bytes(64, '\0');
    bytes.replace(0, 4,
                  "\x7f"
                  "ELF");
    bytes[4] = one.wide;
    bytes[5] = one.encoding;
    put(bytes, 16, 3, 2);
    put(bytes, 18, one.machine, 2);
    EXPECT_EQ(image_of(bytes).target(), one.target);
  }
  EXPECT_EQ(image_of(pe(0x8664, 0x2022)).target(), "windows amd64");
  EXPECT_EQ(image_of(pe(0x14c, 0x2022)).target(), "windows 386");
  EXPECT_EQ(image_of(pe(0xaa64, 0x2022)).target(), "windows arm64");
  EXPECT_EQ(image_of(pe(7, 0x2022)).target(), "windows machine 7");
}

TEST(Image, BigEndianHeadersAreReadAsSuch) {
  std::string bytes(64, '\0');
  bytes.replace(0, 6,
                "\x7f"
                "ELF"
                "\x02\x02");
  bytes[19] = 22;
  EXPECT_EQ(image_of(bytes).target(), "linux s390x");
}

TEST(Image, SymbolsBehindTheSectionsOfPeMustBeThere) {
  std::string bytes = pe(0x8664, 0x2022);
  put(bytes, 0x84 + 8, bytes.size(), 4);  // where the symbols begin
  put(bytes, 0x84 + 12, 2, 4);            // how many
  EXPECT_FALSE(image_of(bytes).complete);
  bytes += std::string(2 * 18, '\0') + std::string("\x05\0\0\0", 4);  // and the bytes of the names, with their own count
  EXPECT_FALSE(image_of(bytes).complete);
  EXPECT_TRUE(image_of(bytes + "x").complete);
}

TEST(Image, PeProgramIsNoLibrary) {
  EXPECT_TRUE(image_of(pe(0x8664, 0x0022)).complete);
  EXPECT_FALSE(image_of(pe(0x8664, 0x0022)).shared);
}

TEST(Image, OtherFilesHaveNoFormat) {
  EXPECT_EQ(image_of("").format, ImageFormat::kNone);
  EXPECT_EQ(image_of("#!/bin/sh\necho\n").format, ImageFormat::kNone);
  EXPECT_EQ(image_of("MZ" + std::string(200, '\0')).format, ImageFormat::kNone);  // a DOS program
  EXPECT_EQ(read_image(std::filesystem::path(FIXTURES)).format, ImageFormat::kNone);
  EXPECT_EQ(read_image(std::filesystem::path(FIXTURES) / "nothing").format, ImageFormat::kNone);
}

}  // namespace
}  // namespace heddle::port::test
