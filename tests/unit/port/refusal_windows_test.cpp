// What the loader refuses of PE files.
#include "support.hpp"

#include "port/verify.hpp"

namespace heddle::port::test {
namespace {

namespace fs = std::filesystem;

class WindowsRefusal : public testing::Test {
 protected:
  Folder folder;
};

// Of the other word size too, which Windows runs beside programs of this one and never in them.
TEST_F(WindowsRefusal, OtherProcessors) {
  const struct {
    const char* bytes;
    const char* name;
  } machines[] = {{"\x64\x86", "amd64"}, {"\x4c\x01", "386"}, {"\x64\xaa", "arm64"}, {"\xc4\x01", "arm"}};
  for (const auto& machine : machines) {
    if (this_image().machine == machine.name) continue;
    const fs::path file = folder.add("good", std::string(machine.name) + ".dll");
    std::string bytes = contents(file);
    bytes.replace(pe_start(bytes) + 4, 2, machine.bytes, 2);
    write(file, bytes);
    EXPECT_EQ(refusal(file),
              std::string("is for windows ") + machine.name + ", and this program runs on " + this_image().target());
  }
}

TEST_F(WindowsRefusal, LibraryThatNeedsAnother) {
  const std::string reason = refusal(folder.add("unbound"));
  EXPECT_TRUE(reason.starts_with("cannot be mapped: ")) << reason;
  EXPECT_EQ(reason.find("boost"), std::string::npos) << reason;
}

TEST_F(WindowsRefusal, DriveWithoutARoot) {
  EXPECT_EQ(refusal("C:x\\y.dll"), "is a relative path, and a library is loaded from an absolute path only");
  EXPECT_EQ(refusal("\\x\\y.dll"), "is a relative path, and a library is loaded from an absolute path only");
}

TEST_F(WindowsRefusal, DevicePathsAreAbsolute) {
  // Wine maps nothing by such a path, so what is shown is that it gets that far.
  const std::string error = error_of(naming("\\\\?\\" + folder.add("good").string()));
  EXPECT_TRUE(error == "no error" || error.find("cannot be mapped: ") != std::string::npos) << error;
  EXPECT_EQ(refusal("\\\\?\\" + (folder.path() / "none.dll").string()), "does not exist");
}

TEST_F(WindowsRefusal, LettersBeyondAsciiAreNotMangled) {
  const fs::path file = folder.path() / fs::path(u8"J\u00fcrgen \u65e5\u672c.dll");
  fs::copy_file(fixture_library("good"), file);
  Config config;
  const std::u8string name = file.u8string();
  config.port.assign(name.begin(), name.end());
  EXPECT_EQ(error_of(config), "no error");
  const fs::path text = folder.path() / fs::path(u8"\u65e5.dll");
  write(text, "text");
  const std::u8string text_name = text.u8string();
  config.port.assign(text_name.begin(), text_name.end());
  EXPECT_EQ(error_of(config), "the library that /port of the configuration names cannot be used:\n  " + config.port +
                                  " is neither an ELF nor a PE file");
}

}  // namespace
}  // namespace heddle::port::test
