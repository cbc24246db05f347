// CodeModules: what is loaded, and which of it is never preempted.
#include "code_modules.hpp"

namespace conformance {
namespace {

TEST_F(CodeModules, TheProgramIsTheProgram) {
  const Module program = at(reinterpret_cast<const void*>(&load_port));
  EXPECT_EQ(program.kind, static_cast<uint32_t>(HEDDLE_CODE_PROGRAM));
  EXPECT_NE(program.path.find("conformance"), std::string::npos) << program.path;
}

TEST_F(CodeModules, ThePortIsALibrary) {
  EXPECT_EQ(at(reinterpret_cast<const void*>(switcher->swap)).kind, static_cast<uint32_t>(HEDDLE_CODE_LIBRARY));
}

TEST_F(CodeModules, TheSystemsLibrariesAreSystem) {
  for (const SystemCode& code : system_code()) {
    ASSERT_NE(code.address, nullptr) << code.library;
    EXPECT_EQ(at(code.address).kind, static_cast<uint32_t>(HEDDLE_CODE_SYSTEM)) << code.library;
  }
}

TEST_F(CodeModules, ANameStandsForFilesThatBeginWithIt) {
  if (!has_matches()) GTEST_SKIP() << "this port leaves names to the core";
  const std::string path = at(reinterpret_cast<const void*>(&load_port)).path;  // …/port_conformance, perhaps with .exe
  for (const char* name : {"port_conformance", "port"}) EXPECT_EQ(modules->matches(path.c_str(), name), 1) << name;
  for (const char* name : {"port_conf", "conformance", "port_conformance_x", "por"})
    EXPECT_EQ(modules->matches(path.c_str(), name), 0) << name;
}

TEST_F(CodeModules, TheGenerationStandsStillWhileNothingIsLoaded) {
  if (generation() == 0) GTEST_SKIP() << "this port cannot tell when code is loaded";
  EXPECT_EQ(generation(), generation());
}

}  // namespace
}  // namespace conformance
