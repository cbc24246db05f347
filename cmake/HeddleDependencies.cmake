# What Heddle takes from other projects. Found here, at the top, because an imported target is visible only from the folder that
# looked for it downwards, and a unit test links what its room links.
find_package(Threads REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED) # room config
find_package(Boost 1.74 REQUIRED)         # rooms port (DLL), sched (Heap) and cli (Process); headers only
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBGCRYPT REQUIRED IMPORTED_TARGET libgcrypt) # room port

# Room stack: fiber stacks are made known to Valgrind where its header is there.
find_path(HEDDLE_VALGRIND_INCLUDE_DIR valgrind/valgrind.h)
mark_as_advanced(HEDDLE_VALGRIND_INCLUDE_DIR)

# Boost.Process as it needs nothing of Boost that is compiled; what it starts and reads from takes sockets on Windows.
add_library(heddle_process INTERFACE)
target_compile_definitions(heddle_process INTERFACE BOOST_ALL_NO_LIB BOOST_PROCESS_USE_STD_FS)
target_link_libraries(heddle_process INTERFACE Boost::headers Threads::Threads $<$<PLATFORM_ID:Windows>:ws2_32>)

if(HEDDLE_COMMAND OR HEDDLE_EXAMPLES OR HEDDLE_TESTS)
  set(ZLIB_USE_STATIC_LIBS ${WIN32}) # one library less to lie beside each program
  find_package(ZLIB REQUIRED)
endif()
if(HEDDLE_COMMAND OR HEDDLE_BENCH)
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
