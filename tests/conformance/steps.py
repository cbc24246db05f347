# Run by gdb (check_steps.cmake): stops at the first instruction of each function of the port that changes stacks, steps through
# it, and after every instruction walks to the end. A wrong line of CFI shows in one instruction and nowhere else.
import os
import sys

import gdb

PORT = os.environ["HEDDLE_CONFORMANCE_PORT"]
ENDS = ("main", "heddle_context_entry", "relay_entry")
SIGNALS = ("SIGURG", "SIGALRM")
WALKS = (
    ("heddle_swap", "Unwind.Walk2*"),
    ("heddle_swap_on_top", "Unwind.Walk2*"),
    ("heddle_jump", "Unwind.Walk2*"),
    ("heddle_call_on", "Unwind.Walk1*"),
    ("heddle_async_preempt", "Unwind.Walk3*"),
    ("heddle_vdso_clock", "Vdso.AHandler*"),
    ("heddle_vdso_clock", "Vdso.Both*"),
)


def quietly(command):
    gdb.execute(command, to_string=True)


def handle_signals(action):
    for signal in SIGNALS:
        quietly(f"handle {signal} nostop noprint {action}")


def walk():
    names = []
    frame = gdb.newest_frame()
    while frame is not None and len(names) < 60:
        names.append(frame.name())
        frame = frame.older()
    return names


def step_through(function, test):
    quietly(f"set args {PORT} --gtest_filter={test}")
    quietly("delete")
    handle_signals("pass")
    quietly(f"catch load {os.path.basename(PORT)}")
    quietly("run")
    quietly("delete")
    quietly(f"break *{function}")
    quietly("continue")
    quietly("delete")
    handle_signals("nopass")  # the ticker would enter its handler at every step
    steps = 0
    while steps < 300:
        frame = gdb.newest_frame()
        if not (frame.name() or "").startswith("heddle_"):
            break
        names = walk()
        if names[-1] not in ENDS:
            print(f"wrong: {function} in {test}, {frame.architecture().disassemble(frame.pc())[0]}: {names}")
        instruction = frame.architecture().disassemble(frame.pc())[0]["asm"]
        through = not instruction.startswith("call") or "heddle_" in instruction
        quietly("stepi" if through else "nexti")
        steps += 1
    print(f"walked from {steps} instructions of {function}")
    quietly("kill")
    return steps


for setting in ("pagination off", "confirm off", "debuginfod enabled off"):
    quietly(f"set {setting}")
if all(step_through(function, test) > 5 for function, test in WALKS):
    print("all functions were walked")
sys.stdout.flush()
