// conformance [PORT [STRATEGY]] [GoogleTest options]: tests the port in the library PORT, by default
// $HEDDLE_CONFORMANCE_PORT. The Preempter is then the port's, or its injection with the delivery of the library STRATEGY: of the
// tests, Delivery.* and Fidelity.* hold for it.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "fixture.hpp"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (GTEST_FLAG_GET(list_tests)) return RUN_ALL_TESTS();
  const char* path = argc > 1 ? argv[1] : std::getenv("HEDDLE_CONFORMANCE_PORT");
  if (path == nullptr) {
    std::fprintf(stderr, "usage: conformance PORT.so [STRATEGY.so] [GoogleTest options]\n");
    return 2;
  }
  std::string error = conformance::load_port(path);
  if (error.empty() && argc > 2) error = conformance::load_strategy(argv[2]);
  if (!error.empty()) {
    std::fprintf(stderr, "conformance: %s\n", error.c_str());
    return 2;
  }
  return RUN_ALL_TESTS();
}
