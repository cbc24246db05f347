// Config::load: why a file cannot be read, where files have modes and links.
#include "unit/config/support.hpp"

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace heddle::config {
namespace {

class PosixFileTest : public ConfigTest {
 protected:
  static std::string load_error(const std::filesystem::path& file) {
    return message_of([&] { Config::load(file); });
  }

  TemporaryFolder folder_;
};

TEST_F(PosixFileTest, SaysWhyAFileCannotBeRead) {
  const std::string long_name = folder_.path() / std::string(5000, 'x');
  EXPECT_EQ(load_error(long_name), long_name + ": cannot be read: File name too long");
  const std::string loop = folder_.path() / "loop.json";
  std::filesystem::create_symlink("loop.json", loop);
  EXPECT_EQ(load_error(loop), loop + ": cannot be read: Too many levels of symbolic links");
}

// While it lives a test that root runs has no more rights than others: root may read every file.
class OrdinaryUser {
 public:
  OrdinaryUser() {
    if (user_ == 0 && seteuid(kNobody) != 0) throw std::runtime_error("root could not give its rights up");
  }
  ~OrdinaryUser() {
    if (user_ == 0 && seteuid(user_) != 0) std::abort();
  }
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;

 private:
  static constexpr uid_t kNobody = 65534;
  const uid_t user_ = geteuid();
};

TEST_F(PosixFileTest, SaysThatAFileMayNotBeRead) {
  const auto file = folder_.write("secret.json", "{}");
  std::filesystem::permissions(file, std::filesystem::perms::none);
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
  const OrdinaryUser nobody;
  EXPECT_EQ(load_error(file), file.string() + ": cannot be read; are you allowed to?");
}

}  // namespace
}  // namespace heddle::config
