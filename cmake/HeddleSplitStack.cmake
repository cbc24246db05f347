# heddle_split_stack(TARGET)
#   Compiles the target's own sources with -fsplit-stack: each function asks for more stack where its frame does not fit, and gets it from Heddle
#   when it runs on a fiber. On x86-64 Linux, with GCC or Clang: docs/stacks.md.
function(heddle_split_stack target)
  if(NOT TARGET heddle::split_stack)
    message(FATAL_ERROR "heddle_split_stack(${target}): compilers have split stacks for x86-64 Linux only.")
  endif()
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:C,CXX>:-fsplit-stack>)
  target_link_libraries(${target} PRIVATE heddle::split_stack)
endfunction()
