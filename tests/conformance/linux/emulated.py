# Sourced by gdb where the program's processor is not this machine's: `run` then starts the program in the emulator and
# debugs it through the emulator's gdb stub, since emulators of system calls have no ptrace. tests/machines/emulate.sh
# sets EMULATOR and ROOT.
import os
import shlex
import subprocess
import tempfile
import time

import gdb

EMULATOR = os.environ["HEDDLE_TEST_EMULATOR"]
ROOT = os.environ["QEMU_LD_PREFIX"]
PORT = os.environ["HEDDLE_CONFORMANCE_PORT"]
SECONDS_TO_START = 20
# qemu's stub tells gdb the greatest length of SVE vectors, and gdb gives up at a signal frame with shorter ones.
# Programs start with 512 bits.
PROCESSOR = {"qemu-aarch64": ["-cpu", "max,sve-max-vq=4"]}


def connect(emulator, socket):
    """The socket's file is there before the emulator listens: only a connection says that it does."""
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            gdb.execute(f"target remote {socket}", to_string=True)
            return
        except gdb.error:
            if emulator.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class Run(gdb.Command):
    """Starts the program, with the arguments that `set args` gave, and continues it to the first stop."""

    def __init__(self):
        super().__init__("run", gdb.COMMAND_RUNNING)

    def invoke(self, _argument, _from_tty):
        program = [gdb.current_progspace().filename, *shlex.split(gdb.parameter("args"))]
        with tempfile.TemporaryDirectory() as folder:
            socket = os.path.join(folder, "gdb")
            # The kernel ends the emulator when gdb ends, in whatever way that happens.
            tied = ["setpriv", "--pdeathsig", "KILL"]
            command = [*tied, EMULATOR, *PROCESSOR.get(EMULATOR, []), "-g", socket, *program]
            connect(subprocess.Popen(command, stdin=subprocess.DEVNULL), socket)
        gdb.execute("continue")


gdb.execute(f"set sysroot {ROOT}")
gdb.execute(f"set solib-search-path {os.path.dirname(PORT)}")  # gdb looks there by name for what is not in the root
gdb.execute(f"set remotetimeout {SECONDS_TO_START}")
Run()
