# What `cmake --install` puts where, and the package files behind find_package(heddle).
include(CMakePackageConfigHelpers)
set(heddle_package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/heddle)

install(TARGETS heddle heddle_port_sdk heddle_instrumentation EXPORT heddleTargets)
if(TARGET heddle_command)
  # The installed program finds the library beside it, wherever the whole is moved to.
  file(RELATIVE_PATH from_bin_to_lib ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
  set_target_properties(heddle_command PROPERTIES INSTALL_RPATH $ORIGIN/${from_bin_to_lib})
endif()
if(WIN32)
  install(FILES ${HEDDLE_RUNTIME_LIBRARIES} DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/core/include/heddle DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN *.hpp PATTERN *.h)
install(EXPORT heddleTargets NAMESPACE heddle:: DESTINATION ${heddle_package_directory})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/heddleConfig.cmake.in ${PROJECT_BINARY_DIR}/heddleConfig.cmake
  INSTALL_DESTINATION ${heddle_package_directory} PATH_VARS HEDDLE_PORT_INSTALL_DIRECTORY CMAKE_INSTALL_DATADIR CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/heddleConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/heddleConfig.cmake ${PROJECT_BINARY_DIR}/heddleConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/HeddleInstrument.cmake ${PROJECT_SOURCE_DIR}/cmake/HeddleSplitStack.cmake
  DESTINATION ${heddle_package_directory})

install(DIRECTORY ${PROJECT_SOURCE_DIR}/config/ DESTINATION ${CMAKE_INSTALL_DATADIR}/heddle/config
  PATTERN CMakeLists.txt EXCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/tools/gdb DESTINATION ${CMAKE_INSTALL_DATADIR}/heddle)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
