# Cross compiling for windows-386 with Debian's compiler (g++-mingw-w64-i686-posix); what Heddle is linked with lies in the root that
# tests/machines/root.sh makes.
set(heddle_triplet i686-w64-mingw32)
set(heddle_root ${CMAKE_CURRENT_LIST_DIR}/../../build/roots/windows-386)
set(CMAKE_SYSTEM_PROCESSOR x86)
include(${CMAKE_CURRENT_LIST_DIR}/windows.cmake)
