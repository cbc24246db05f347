# Run by gdb (check_steps.cmake): stops at the first instruction of each function of the port that changes stacks, steps
# through it, and after every instruction walks to the end. A wrong line of CFI shows in one instruction and nowhere
# else.
# The caller's registers, as gdb finds them, may not change on the way either, except at the one instruction where a
# switch goes over to the other stack and with it to another caller.
import os
import re
import sys

import gdb

PORT = os.path.basename(os.environ["HEDDLE_CONFORMANCE_PORT"])
ENDS = ("main", "heddle_context_entry", "relay_entry")
SIGNALS = ("SIGURG", "SIGALRM", "SIGUSR1")
WALKS = (  # function, test that calls it, how often the caller changes
    ("heddle_swap", "Unwind.Walk2*", 1),
    ("heddle_swap_on_top", "Unwind.Walk2*", 1),
    ("heddle_jump", "Unwind.Walk2*", 1),
    ("heddle_call_on", "Unwind.Walk1*", 0),
    ("heddle_async_preempt", "Unwind.Walk3*", 0),
    ("heddle_vdso_clock", "VdsoSignals.EachOf*", 0),
    ("heddle_vdso_clock", "VdsoSignals.TheClock*", 0),
)
KEPT = {
    "linux-amd64.so": "rip rsp rbx rbp r12 r13 r14 r15",
    "linux-arm64.so": "pc sp x19 x20 x21 x22 x23 x24 x25 x26 x27 x28 x29",
    "linux-arm.so": "pc sp r4 r5 r6 r7 r8 r9 r10 r11",
}
CALL = re.compile(r"(call|bl|blr|blx)\s")  # of any processor; blo and bls are jumps


def quietly(command):
    gdb.execute(command, to_string=True)


def handle_signals(action):
    for signal in SIGNALS:
        quietly(f"handle {signal} nostop noprint {action}")


def walk():
    frames = []
    frame = gdb.newest_frame()
    while frame is not None and len(frames) < 60:
        frames.append(frame)
        frame = frame.older()
    return frames


def registers_of_caller(frames, function):
    """None once the function is left."""
    callers = [frame for frame in frames if frame.name() not in (function, "heddle_call_through")]
    if not callers or callers[0] == frames[0]:
        return None
    return {name: str(callers[0].read_register(name)) for name in KEPT[PORT].split()}


def step_through(function, test, changes_wanted):
    quietly(f"set args --gtest_filter={test}")
    quietly("delete")
    handle_signals("pass")
    quietly(f"catch load {PORT}")
    quietly("run")
    quietly("delete")
    quietly(f"break *{function}")
    quietly("continue")
    quietly("delete")
    handle_signals("nopass")  # the ticker would enter its handler at every step
    steps = 0
    known = None
    changes = []
    while steps < 300:
        frame = gdb.newest_frame()
        if not (frame.name() or "").startswith("heddle_"):
            break
        instruction = frame.architecture().disassemble(frame.pc())[0]
        frames = walk()
        if frames[-1].name() not in ENDS:
            print(f"wrong: {function} in {test}, {instruction}: {[frame.name() for frame in frames]}")
        found = registers_of_caller(frames, function)
        if known is not None and found is not None and found != known:
            changed = {name: (known[name], found[name]) for name in found if found[name] != known[name]}
            changes.append(f"{instruction}: {changed}")
        known = found or known
        through = not CALL.match(instruction["asm"]) or "heddle_" in instruction["asm"]
        quietly("stepi" if through else "nexti")
        steps += 1
    if len(changes) != changes_wanted:
        print(f"wrong: {function} in {test}, the caller changes {len(changes)} times:", *changes, sep="\n  ")
    print(f"walked from {steps} instructions of {function}")
    quietly("kill")
    return steps


for setting in ("pagination off", "confirm off", "debuginfod enabled off"):
    quietly(f"set {setting}")
if all(step_through(*arguments) > 5 for arguments in WALKS):
    print("all functions were walked")
sys.stdout.flush()
