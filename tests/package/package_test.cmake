# Builds the project in consumer/ against Heddle and runs its tests.
# WAY=installed: Heddle is installed and then moved, to prove that no path of the build is left in it. WAY=subfolder: the consumer
# takes Heddle's source in through add_subdirectory.
cmake_minimum_required(VERSION 3.25)

# run(command…): ends the test when the command fails; what it printed is then shown.
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message("${output}")
    message(FATAL_ERROR "ended with ${status}: ${command}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK})
if(WAY STREQUAL installed)
  run(${CMAKE_COMMAND} --install ${HEDDLE_BUILD} --prefix ${WORK}/first)
  file(RENAME ${WORK}/first ${WORK}/prefix)
  set(heddle -D CMAKE_PREFIX_PATH=${WORK}/prefix)
  set(libraries ${WORK}/prefix/bin)
else()
  set(heddle -D HEDDLE_SOURCE=${HEDDLE_SOURCE})
  set(libraries ${WORK}/build/heddle/bin)
endif()

# The consumer's programs lie elsewhere than Heddle's library, which Windows then looks for by PATH; Wine takes that from WINEPATH.
if(CMAKE_HOST_WIN32)
  set(ENV{PATH} "${libraries};$ENV{PATH}")
else()
  set(ENV{WINEPATH} "Z:${libraries};$ENV{WINEPATH}")
endif()

# Settings of the developer's shell must not reach the programs.
unset(ENV{HEDDLE_CONFIG})
if(TOOLCHAIN)
  set(compilers -D CMAKE_TOOLCHAIN_FILE=${TOOLCHAIN})
else()
  set(compilers -D CMAKE_C_COMPILER=${C_COMPILER} -D CMAKE_CXX_COMPILER=${CXX_COMPILER})
endif()
run(${CMAKE_COMMAND} -S ${CMAKE_CURRENT_LIST_DIR}/consumer -B ${WORK}/build -G ${GENERATOR} ${heddle} ${compilers}
  -D CMAKE_UNITY_BUILD=ON # half the time
  -D EXAMPLES=${HEDDLE_SOURCE}/examples -D TEMPLATE=${HEDDLE_SOURCE}/plugins/template)
run(${CMAKE_COMMAND} --build ${WORK}/build --parallel 2)
run(${CMAKE_CTEST_COMMAND} --test-dir ${WORK}/build --output-on-failure --no-tests=error)
