# How a test program is declared.
#
#   heddle_add_unit_test(NAME SOURCES file… [LIBRARIES target…] [TIMEOUT seconds] [LABEL label] [PROPERTIES key value…])
#     Links the objects of the core, so that it reaches what the shared library hides. Label "unit".
#   heddle_add_runtime_test(NAME …the same…)
#     Links heddle::heddle as a user's program does, and finds the ports in the build tree's plugins/. Label "runtime".
#
# Each TEST() is a test of ctest, named NAME/Suite.Test, with a time limit of its own: 60 seconds unless TIMEOUT says otherwise,
# six times that in builds with a sanitizer.
# LABEL stress marks what runs only with `./dev test --stress` and, with smaller counts, in CI. PROPERTIES are set on every test
# of the program; a test that measures time says RUN_SERIAL ON.
include(GoogleTest)

function(heddle_add_gtest_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL;TIMEOUT" "SOURCES;LIBRARIES;PROPERTIES")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "Test program ${name}: wanted SOURCES and known keywords, found '${arg_UNPARSED_ARGUMENTS}'.")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(HEDDLE_SANITIZE)
    math(EXPR arg_TIMEOUT "6 * ${arg_TIMEOUT}") # as HEDDLE_TIME_LIMIT_SCALE of the presets
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${heddle_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gtest_main heddle_warnings)
  if(NOT CMAKE_CROSSCOMPILING)
    # Lines are enough to debug a test. All of it is half of what a test takes to compile.
    target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-g1>)
  endif()
  if(HEDDLE_SANITIZE MATCHES undefined)
    # A third of what a test takes to compile; in a test AddressSanitizer sees what goes wrong by that.
    target_compile_options(${name} PRIVATE -fno-sanitize=null,object-size,vptr)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${HEDDLE_TEST_OUTPUT_DIRECTORY})
  gtest_discover_tests(${name} TEST_PREFIX ${name}/ DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS ${arg_LABEL} ${arg_PROPERTIES})
endfunction()

function(heddle_add_unit_test name)
  heddle_add_gtest_program(${name} LABEL unit ${ARGN} LIBRARIES heddle_objects)
  target_include_directories(${name} PRIVATE ${heddle_SOURCE_DIR}/core/src)
endfunction()

function(heddle_add_runtime_test name)
  heddle_add_gtest_program(${name} LABEL runtime ${ARGN} LIBRARIES heddle::heddle)
endfunction()
