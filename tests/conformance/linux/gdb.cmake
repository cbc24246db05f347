# Runs gdb for check_gdb.cmake and check_steps.cmake. Programs for another machine, which tests/machines/emulate.sh
# announces, want the gdb that knows all processors, and emulated.py to start them.
#
# run_gdb(ARGUMENT...): what gdb prints goes to `output`. Ends the calling script where the check cannot be made.
macro(run_gdb)
  set(debugger gdb)
  set(start "")
  if(DEFINED ENV{HEDDLE_TEST_EMULATOR})
    set(debugger gdb-multiarch)
    set(start -x ${FOLDER}/emulated.py)
  endif()
  find_program(gdb ${debugger})
  if(NOT gdb)
    message("skipped: ${debugger} is not installed (Debian: ${debugger})")
    return()
  endif()
  set(ENV{HEDDLE_CONFORMANCE_PORT} ${PORT})
  # An emulator's stub asks gdb about every signal, which takes longer than the ticker's own 50 microseconds.
  set(ENV{HEDDLE_TICK_MICROSECONDS} 20000)
  execute_process(
    COMMAND ${gdb} -q -batch -nx ${start} ${ARGN} OUTPUT_VARIABLE output ERROR_VARIABLE errors TIMEOUT 100)
  string(APPEND output "${errors}")
  if(output MATCHES "ptrace: Operation not permitted|Cannot create process")
    message("skipped: gdb may not trace processes here")
    return()
  elseif(output MATCHES "Scripting in the \"Python\" language is not supported")
    message("skipped: this gdb has no Python")
    return()
  endif()
endmacro()
