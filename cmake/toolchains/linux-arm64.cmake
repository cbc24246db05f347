# Cross compiling for linux-arm64 with Debian's compiler (crossbuild-essential-arm64); what Heddle is linked with lies in the root that
# tests/machines/root.sh makes.
set(heddle_triplet aarch64-linux-gnu)
set(heddle_root ${CMAKE_CURRENT_LIST_DIR}/../../build/roots/linux-arm64)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
