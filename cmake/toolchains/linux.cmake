# What the tool chains for other Linux machines share; each sets CMAKE_SYSTEM_PROCESSOR, heddle_triplet and heddle_root first.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${heddle_triplet}-gcc)
set(CMAKE_CXX_COMPILER ${heddle_triplet}-g++)

get_filename_component(heddle_root ${heddle_root} ABSOLUTE)
set(CMAKE_FIND_ROOT_PATH ${heddle_root} /usr/${heddle_triplet} ${CMAKE_PREFIX_PATH})
set(CMAKE_LIBRARY_ARCHITECTURE ${heddle_triplet})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${heddle_root}/usr/lib/${heddle_triplet}/pkgconfig:${heddle_root}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${heddle_root})

# What a library of the root is itself linked with.
foreach(kind EXE SHARED MODULE)
  set(CMAKE_${kind}_LINKER_FLAGS_INIT
    "-Wl,-rpath-link,${heddle_root}/usr/lib/${heddle_triplet} -Wl,-rpath-link,${heddle_root}/lib/${heddle_triplet}")
endforeach()
# Headers that Debian keeps apart for each machine.
set(CMAKE_C_FLAGS_INIT "-idirafter ${heddle_root}/usr/include/${heddle_triplet}")
set(CMAKE_CXX_FLAGS_INIT ${CMAKE_C_FLAGS_INIT})
# GCC 7 changed how it passes some types on 32-bit ARM, and says so wherever one is passed.
if(heddle_triplet MATCHES "^arm-")
  string(APPEND CMAKE_CXX_FLAGS_INIT " -Wno-psabi")
endif()
