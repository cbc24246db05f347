set pagination off
set confirm off
set debuginfod enabled off
handle SIGURG nostop noprint pass
set breakpoint pending on
break conformance_stop
set args --gtest_filter=Unwind.Walk*
run
backtrace
echo ~\n
continue
backtrace
echo ~\n
continue
backtrace
echo ~\n
continue
backtrace
echo ~\n
kill
