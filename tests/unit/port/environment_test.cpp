// The environment is listed as it is now.
#include "port/environment.hpp"

#include "variables.hpp"

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
  heddle::test::set_variable(kName, "a=b");
  EXPECT_TRUE(is_listed(kName));
  heddle::test::unset_variable(kName);
  EXPECT_FALSE(is_listed(kName));
}

}  // namespace
}  // namespace heddle::port
