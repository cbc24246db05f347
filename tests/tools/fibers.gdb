set pagination off
set confirm off
set debuginfod enabled off
handle SIGURG nostop noprint pass
set breakpoint pending on
break tools_stop
run
heddle fibers
heddle bt all
echo ~ selected\n
heddle fiber 1027
python
frame = gdb.newest_frame()
while frame.name() != "tools_receive":
    frame = frame.older()
frame.select()
end
info locals
heddle fiber
backtrace 1
