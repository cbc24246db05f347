# heddle_instrument(TARGET)
#   Compiles the target's own sources (C and C++) with a check at the entry of each function and along each edge of the control flow, loops
#   among them. So its code gives way where it is asked to, under every strategy but `none`, without a call of the runtime: docs/preemption.md.
#   What single functions are to be spared: __attribute__((no_sanitize_coverage)) for GCC, no_sanitize("coverage") for Clang.
function(heddle_instrument target)
  foreach(id CMAKE_C_COMPILER_ID CMAKE_CXX_COMPILER_ID)
    if(DEFINED ${id} AND NOT ${id} MATCHES "GNU|Clang")
      message(FATAL_ERROR "heddle_instrument(${target}): -fsanitize-coverage=trace-pc is a flag of GCC and Clang, and this is ${${id}}.")
    endif()
  endforeach()
  # Clang leaves checks out where others tell that the code was reached; an endless loop is then left without one.
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANG_AND_ID:C,GNU>:-fsanitize-coverage=trace-pc> $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fsanitize-coverage=trace-pc>
    $<$<COMPILE_LANG_AND_ID:C,Clang,AppleClang>:-fsanitize-coverage=trace-pc,no-prune>
    $<$<COMPILE_LANG_AND_ID:CXX,Clang,AppleClang>:-fsanitize-coverage=trace-pc,no-prune>)
  target_link_libraries(${target} PRIVATE heddle::instrumentation)
endfunction()
