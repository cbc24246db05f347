# memcheck finds no fault in a program of fibers, which it takes through every switch, wakes, and interruptions at any instruction.
#
# Wants PROGRAM and the regular expression WANTED for what the program prints.
if(DEFINED ENV{HEDDLE_TEST_EMULATOR})
  message("skipped: Valgrind runs programs of its own processor")
  return()
endif()
find_program(valgrind valgrind)
if(NOT valgrind)
  message("skipped: valgrind is not installed (Debian: valgrind)")
  return()
endif()
execute_process(COMMAND ${valgrind} --fair-sched=yes --error-exitcode=99 ${PROGRAM}
  RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE errors TIMEOUT 100)
if(NOT status EQUAL 0 OR NOT output MATCHES "${WANTED}" OR NOT errors MATCHES "ERROR SUMMARY: 0 errors")
  message(FATAL_ERROR "status ${status}\n${output}${errors}")
endif()
# What it says when it has to guess about a stack.
if(errors MATCHES "client switching stacks")
  message(FATAL_ERROR "a stack is not registered:\n${errors}")
endif()
