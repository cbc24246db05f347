# gdb walks the same frames as the unwinder: the Unwind tests stop in conformance_stop, and each walk must lead to the
# frames named here, in this order, without a complaint of gdb's.
include(${FOLDER}/gdb.cmake)
run_gdb(-x ${FOLDER}/walk.gdb ${PROGRAM})
foreach(complaint "corrupt stack" "Backtrace stopped" "Cannot access memory")
  if(output MATCHES "${complaint}")
    message(FATAL_ERROR "gdb says '${complaint}':\n${output}")
  endif()
endforeach()
# gdb shows heddle_call_through, heddle_async_preempt and linux-amd64's heddle_call_on as "<signal handler called>": call.S says why.
set(any "[^~]*")
set(signal "${any}<signal handler called>${any}")
set(call_on "${signal}")
if(NOT PORT MATCHES "linux-amd64")
  string(APPEND call_on "heddle_call_on${any}")
endif()
foreach(walk
    "on_other_stack${call_on}walk_call_on${any} main \\(argc"
    "on_top${any}heddle_swap_on_top${any}parked_fiber${any}heddle_context_entry"
    "preempted${signal}probe_spin${any}interrupted_fiber${any}heddle_context_entry"
    "preempted${signal}probe_leaf${any}interrupted_leaf${any}heddle_context_entry")
  if(NOT output MATCHES "${walk}")
    message(FATAL_ERROR "gdb did not walk ${walk}:\n${output}")
  endif()
endforeach()
