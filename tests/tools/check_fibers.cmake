# gdb lists the fibers of tools_parked and walks each, in the live process and then, where gdb can write and read one, in its core
# file.
#
# Wants PROGRAM, PORT, SCRIPT (heddle_gdb.py), FOLDER (of conformance/linux, for gdb.cmake), HERE (this folder) and WORK.
include(${FOLDER}/gdb.cmake)
set(ENV{HEDDLE_PORT} ${PORT})
# gdb 13 leaves out of a core file what lies above a page that it cannot read.
set(ENV{HEDDLE_STACK_GUARD} false)
set(any "[^~]*")

function(want pattern)
  if(NOT output MATCHES "${pattern}")
    message(FATAL_ERROR "gdb did not show '${pattern}':\n${output}")
  endif()
endfunction()

# What is true of every view of the process.
function(check_fibers)
  foreach(complaint "corrupt stack" "Backtrace stopped" "Cannot access memory" "Error in sourced")
    if(output MATCHES "${complaint}")
      message(FATAL_ERROR "gdb says '${complaint}':\n${output}")
    endif()
  endforeach()
  want("running +main +thread [0-9]+\n")
  want("waiting +sleeper +heddle::this_fiber::sleep_for, called by tools_sleep at parked.cpp:[0-9]+\n")
  want("waiting +receiver +heddle::Channel::receive, called by tools_receive at parked.cpp:[0-9]+\n")
  want("waiting +locker +heddle::Mutex::lock, called by tools_lock at parked.cpp:[0-9]+\n")
  want("preempted +spinner +tools_spin at parked.cpp:[0-9]+\n")
  want("ready +fresh +not yet begun\n")
  want("ended +ended\n")
  want("main .running.:${any}tools_stop${any}heddle_context_entry${any}\n\nFiber")
  # Each function is in one walk only.
  foreach(walk sleeper/tools_sleep receiver/tools_receive locker/tools_lock spinner/tools_spin)
    string(REPLACE "/" ";" walk ${walk})
    list(GET walk 0 name)
    list(GET walk 1 function)
    want("${name} .[a-z]+.:\n#1 [^\n]*heddle_swap${any}${function}${any}heddle_context_entry${any}")
  endforeach()
endfunction()

run_gdb(-x ${SCRIPT} -x ${HERE}/fibers.gdb ${PROGRAM} -ex "generate-core-file ${WORK}/core" -ex kill)
check_fibers()
want("~ selected\n#1 [^\n]*heddle_swap${any}known_local = 4711\n#0 +tools_stop")

if(NOT EXISTS ${WORK}/core OR DEFINED ENV{HEDDLE_TEST_EMULATOR})
  return()
endif()
run_gdb(-x ${SCRIPT} ${PROGRAM} ${WORK}/core -x ${HERE}/core.gdb)
file(REMOVE ${WORK}/core)
check_fibers()
