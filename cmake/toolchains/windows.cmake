# What the tool chains for Windows share; each sets CMAKE_SYSTEM_PROCESSOR, heddle_triplet and heddle_root first. It is mingw-w64 with
# the thread model posix (Debian: g++-mingw-w64-x86-64-posix, g++-mingw-w64-i686-posix), whose C++ library has std::thread.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_C_COMPILER ${heddle_triplet}-gcc-posix)
set(CMAKE_CXX_COMPILER ${heddle_triplet}-g++-posix)
set(CMAKE_RC_COMPILER ${heddle_triplet}-windres)

get_filename_component(heddle_root ${heddle_root} ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH ${heddle_root}/usr/${heddle_triplet} ${heddle_root}/usr ${heddle_root} /usr/${heddle_triplet} ${CMAKE_PREFIX_PATH})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${heddle_root}/usr/${heddle_triplet}/lib/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${heddle_root})

# Windows 10, of which the ports use what Windows 7 lacks.
set(CMAKE_C_FLAGS_INIT "-D_WIN32_WINNT=0x0A00")
set(CMAKE_CXX_FLAGS_INIT ${CMAKE_C_FLAGS_INIT})

# Of {fmt} only the headers are used; Debian keeps what says so to CMake in a folder for its own machine.
file(GLOB fmt_DIR ${heddle_root}/usr/lib/*/cmake/fmt)
