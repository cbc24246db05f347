# Cross compiling for linux-arm with Debian's compiler (crossbuild-essential-armhf); what Heddle is linked with lies in the root that
# tests/machines/root.sh makes.
set(heddle_triplet arm-linux-gnueabihf)
set(heddle_root ${CMAKE_CURRENT_LIST_DIR}/../../build/roots/linux-arm)
set(CMAKE_SYSTEM_PROCESSOR armv7l)
include(${CMAKE_CURRENT_LIST_DIR}/linux.cmake)
