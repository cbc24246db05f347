# Cross compiling for windows-amd64 with Debian's compiler (g++-mingw-w64-x86-64-posix); what Heddle is linked with lies in the root that
# tests/machines/root.sh makes.
set(heddle_triplet x86_64-w64-mingw32)
set(heddle_root ${CMAKE_CURRENT_LIST_DIR}/../../build/roots/windows-amd64)
set(CMAKE_SYSTEM_PROCESSOR AMD64)
include(${CMAKE_CURRENT_LIST_DIR}/windows.cmake)
