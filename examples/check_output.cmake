# Runs PROGRAM and demands exit status 0 and an output that matches WANTED: PASS_REGULAR_EXPRESSION alone would not look at the status.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE output RESULT_VARIABLE status)
string(REPLACE "\r\n" "\n" output "${output}") # on Windows
message("${output}")
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} ended with '${status}', wanted 0.")
endif()
if(NOT output MATCHES "${WANTED}")
  message(FATAL_ERROR "The output of ${PROGRAM} does not match '${WANTED}'.")
endif()
