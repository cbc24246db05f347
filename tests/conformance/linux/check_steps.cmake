# gdb finds the end of the stack from every single instruction of the functions that change stacks: steps.py.
include(${FOLDER}/gdb.cmake)
run_gdb(-x ${FOLDER}/steps.py ${PROGRAM})
if(output MATCHES "wrong: " OR NOT output MATCHES "all functions were walked")
  message(FATAL_ERROR "${output}")
endif()
