// The environment is listed as it is now.
#include "port/environment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace heddle::port {
namespace {

bool is_listed(const char* name) {
  const auto names = environment_variables();
  return std::ranges::count(names, name) == 1;
}

TEST(Environment, ListsWhatIsSet) {
  constexpr const char* kName = "HEDDLE_ENVIRONMENT_LISTING";
  EXPECT_FALSE(is_listed(kName));
  setenv(kName, "a=b", 1);
  EXPECT_TRUE(is_listed(kName));
  unsetenv(kName);
  EXPECT_FALSE(is_listed(kName));
}

}  // namespace
}  // namespace heddle::port
