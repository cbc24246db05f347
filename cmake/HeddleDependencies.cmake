# What Heddle takes from other projects. Found here, at the top, because an imported target is visible only from the folder that
# looked for it downwards, and a unit test links what its room links.
find_package(Threads REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED) # room config
find_package(Boost 1.74 REQUIRED)         # rooms port (DLL) and sched (Heap); headers only
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBGCRYPT REQUIRED IMPORTED_TARGET libgcrypt) # room port

if(HEDDLE_COMMAND OR HEDDLE_EXAMPLES)
  find_package(ZLIB REQUIRED)
endif()
if(HEDDLE_COMMAND)
  find_package(CLI11 2.1 REQUIRED)
  find_package(fmt 9 REQUIRED) # fmt::fmt-header-only
endif()

if(HEDDLE_TESTS)
  # Debian ships GoogleTest compiled and as source; the source serves where the compiled one is for another machine.
  find_package(GTest 1.12 QUIET)
  if(NOT GTest_FOUND)
    if(NOT EXISTS /usr/src/googletest/CMakeLists.txt)
      message(FATAL_ERROR "The tests need GoogleTest. Install it (Debian: libgtest-dev), or configure with -DHEDDLE_TESTS=OFF.")
    endif()
    add_subdirectory(/usr/src/googletest ${PROJECT_BINARY_DIR}/googletest EXCLUDE_FROM_ALL SYSTEM)
  endif()
endif()
if(HEDDLE_BENCH)
  find_package(benchmark 1.7 REQUIRED)
endif()
