// Each way in which the loader refuses a library, with a real file and the whole sentence.
#include "support.hpp"

#include "port/sha256.hpp"
#include "port/verify.hpp"

namespace heddle::port::test {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(std::size_t count) {
  return std::to_string(count);
}

class Refusal : public testing::Test {
 protected:
  Folder folder;
};

TEST_F(Refusal, Nonexistent) {
  EXPECT_EQ(refusal(folder.path() / "x.so"), "does not exist");
}

TEST_F(Refusal, RelativePath) {
  const std::string reason = "is a relative path, and a library is loaded from an absolute path only";
  EXPECT_EQ(refusal("x.so"), reason);
  EXPECT_EQ(refusal("./x.so"), reason);
  EXPECT_EQ(refusal("folder/linux-amd64"), reason);
}

TEST_F(Refusal, WorkingDirectoryIsNeverSearched) {
  folder.add("good", "here.so");
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  EXPECT_EQ(refusal("here.so"), "is a relative path, and a library is loaded from an absolute path only");
  Config config;
  config.port = "here";
  config.port_path = {"."};
  EXPECT_EQ(error_of(config).find("no port has the id \"here\" that /port of the configuration asks for; "
                                  "searched . (a relative path, not searched) and found no library"),
            0u);
  fs::current_path(before);
}

TEST_F(Refusal, FolderOfThatName) {
  EXPECT_EQ(refusal(folder.path()), "is a folder, not a library");
}

TEST_F(Refusal, TextIsNoLibrary) {
  const fs::path file = folder.path() / "x.so";
  write(file, "INPUT(libfoo.so)\n");
  EXPECT_EQ(refusal(file), "is neither an ELF nor a PE file");
  write(file, "");
  EXPECT_EQ(refusal(file), "is neither an ELF nor a PE file");
}

TEST_F(Refusal, Truncated) {
  const fs::path file = folder.add("good");
  const auto half = fs::file_size(file) / 2;
  fs::resize_file(file, half);
  EXPECT_EQ(refusal(file), "is truncated or damaged: its headers describe more than its " + bytes_of(half) +
                               " bytes; copy or build it again");
}

TEST_F(Refusal, Program) {
  const fs::path file = folder.path() / "program.so";
  fs::copy_file(kProgram, file);
  fs::permissions(file, fs::perms::owner_all);
  EXPECT_EQ(refusal(file), std::string(is_pe(contents(file)) ? "is a PE file" : "is an ELF file") +
                               " for this machine, but not a shared library");
}

TEST_F(Refusal, OtherProcessor) {
  const fs::path file = folder.add("good");
  make_foreign(file);
  EXPECT_EQ(refusal(file), "is for " + this_image().os + " riscv" + (this_image().format == ImageFormat::kElf32 ? "32" : "64") +
                               ", and this program runs on " + this_image().target());
}

TEST_F(Refusal, WrongSha256) {
  const fs::path file = folder.add("good");
  Config config;
  config.port_sha256 = std::string(64, 'a');
  EXPECT_EQ(refusal(file, config), "has the sha256 " + sha256_of(file) +
                                       ", but /port_sha256 of the configuration asks for " + std::string(64, 'a'));
}

TEST_F(Refusal, LibraryThatIsNoPort) {
  EXPECT_EQ(refusal(folder.add("no_port")), "is a library, but no port: it does not export heddle_port_query");
}

TEST_F(Refusal, QueryAnswersNull) {
  EXPECT_EQ(
      refusal(folder.add("null_query")),
      "does not serve a core of ABI 1.0 (heddle_port_query returned null); use the port that came with this core");
}

TEST_F(Refusal, WrongMagic) {
  EXPECT_EQ(refusal(folder.add("wrong_magic")),
            "is a library, but no port: what heddle_port_query returns does not begin with HEDDLE_PORT_MAGIC");
}

TEST_F(Refusal, WrongAbiMajor) {
  EXPECT_EQ(refusal(folder.add("wrong_major")),
            "is made for ABI 2.3, and this core speaks ABI 1.0; the major numbers must be equal");
}

TEST_F(Refusal, ShortStruct) {
  EXPECT_EQ(refusal(folder.add("short_struct")), "has only 24 bytes in its descriptor, and this core needs " +
                                                     bytes_of(sizeof(HeddlePort)) +
                                                     "; build it against this core's headers");
}

TEST_F(Refusal, NullInDescriptor) {
  EXPECT_EQ(refusal(folder.add("no_id")), "has a null id in its descriptor");
}

TEST_F(Refusal, MissingInterface) {
  EXPECT_EQ(refusal(folder.add("no_context_switcher")), "lacks the interface heddle.context_switcher/1");
  EXPECT_EQ(refusal(folder.add("no_tls_provider")), "lacks the interface heddle.tls_provider/1");
  EXPECT_EQ(refusal(folder.add("no_preempter")), "lacks the interface heddle.preempter/1");
  Config wants_vdso;
  wants_vdso.vdso_caller = "vdso";
  EXPECT_EQ(refusal(folder.add("no_vdso"), wants_vdso),
            "lacks the interface heddle.vdso_caller/1#vdso that /vdso_caller of the configuration asks for; it has "
            "vdso, syscall");
}

TEST_F(Refusal, ShortInterfaceTable) {
  EXPECT_EQ(refusal(folder.add("short_table")),
            "has only 16 bytes in its interface heddle.tls_provider/1, and this core needs " +
                bytes_of(sizeof(HeddleTlsProvider)) + "; build it against this core's headers");
}

TEST_F(Refusal, NullSlot) {
  EXPECT_EQ(refusal(folder.add("null_slot")), "has a null swap in its interface heddle.context_switcher/1");
}

TEST_F(Refusal, UnknownStrategy) {
  Config config;
  config.preempter.strategy = "medium";
  EXPECT_EQ(refusal(folder.add("good"), config),
            "lacks the interface heddle.preempter/1#medium that /preempter/strategy of the configuration asks for; it "
            "has slow, fast");
}

TEST_F(Refusal, HalfAnInjector) {
  Config config;
  config.preempter.strategy = "fast";
  EXPECT_EQ(
      refusal(folder.add("half_injector"), config),
      "has only one of locate and inject in its interface heddle.preempter/1#fast; a preempter has both or neither");
}

TEST_F(Refusal, OpenFailsWithThePortsOwnWords) {
  logged().clear();
  EXPECT_EQ(
      refusal(folder.add("open_fails")),
      "fails to open with HEDDLE_E_OS (a system call failed): fixture opens; sigaltstack: Operation not permitted");
  EXPECT_TRUE(logged().empty()) << "the words are in the error, and must not be told twice";
}

TEST_F(Refusal, NothingFound) {
  const std::string machine = this_image().target();
  const std::string advice =
      "\ninstall or build a port for " + machine +
      " into one of these folders, add its folder to /port_path, or give its absolute path as /port";
  const fs::path missing = folder.path() / "missing";
  EXPECT_EQ(error_of(searching({folder.path(), missing})), "no port for this machine (" + machine + "); searched " +
                                                               folder.path().string() + ", " + missing.string() +
                                                               " (no such folder)" + advice);
  EXPECT_EQ(error_of(searching({})),
            "no port for this machine (" + machine + "); searched no folder, as /port_path is empty" + advice);
  folder.add("good", "amd.so");
  folder.add("good", "intel.so");
  Config config = searching({folder.path()});
  config.port = "arm";
  EXPECT_EQ(error_of(config), "no port has the id \"arm\" that /port of the configuration asks for; searched " +
                                  folder.path().string() + " and found amd, intel" + advice);
}

TEST_F(Refusal, EveryCandidateIsListed) {
  const fs::path one = folder.add("no_port", "a.so");
  const fs::path two = folder.add("null_slot", "b.so");
  write(folder.path() / "c.dll", "text");
  EXPECT_EQ(error_of(searching({folder.path()})),
            "no port for this machine (" + this_image().target() + "); searched " + folder.path().string() + "\n  " +
                one.string() + " is a library, but no port: it does not export heddle_port_query\n  " + two.string() +
                " has a null swap in its interface heddle.context_switcher/1\n  " + (folder.path() / "c.dll").string() +
                " is neither an ELF nor a PE file\ninstall or build a port for " + this_image().target() +
                " into one of these folders, add its folder to /port_path, or give its absolute path as /port");
}

}  // namespace
}  // namespace heddle::port::test
