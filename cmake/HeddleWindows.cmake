# What only a build for Windows needs: the libraries that lie beside its programs, and programs whose text is UTF-8.

# Exceptions cross the border between Heddle and a program, so both must share one C++ library, and Windows looks for it beside the
# program. What the compiler brings along and libgcrypt needs goes into the build tree's bin/, and is installed beside heddle.exe.
set(HEDDLE_RUNTIME_LIBRARIES "")
foreach(name libstdc++-6.dll libgcc_s_seh-1.dll libgcc_s_dw2-1.dll libwinpthread-1.dll)
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=${name}
    OUTPUT_VARIABLE file OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  # The compiler repeats the bare name of what it does not have: each has one of the two libgcc_s.
  if(IS_ABSOLUTE ${file})
    list(APPEND HEDDLE_RUNTIME_LIBRARIES ${file})
  endif()
endforeach()
foreach(name libgcrypt-20.dll libgpg-error-0.dll)
  find_file(HEDDLE_RUNTIME_${name} ${name} PATHS /bin)
  if(HEDDLE_RUNTIME_${name})
    list(APPEND HEDDLE_RUNTIME_LIBRARIES ${HEDDLE_RUNTIME_${name}})
  endif()
endforeach()
file(COPY ${HEDDLE_RUNTIME_LIBRARIES} DESTINATION ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})

# heddle_use_utf8(PROGRAM): its arguments, environment and file names are UTF-8 whatever the system's code page is (Windows 10 1903).
set(HEDDLE_UTF8_RESOURCE ${CMAKE_CURRENT_LIST_DIR}/utf8.rc)
function(heddle_use_utf8 program)
  target_sources(${program} PRIVATE ${HEDDLE_UTF8_RESOURCE})
endfunction()
