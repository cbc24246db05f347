"""Fibers in gdb: `source` this file, then `help heddle`. docs/tools.md shows a session.

Works on live processes, core files and remote targets, of every port: what a fiber is comes from the debug information of
libheddle, and where its registers lie from the call frame information of the port's `swap`. A parked fiber is a stack pointer. The
unwinder below makes gdb believe that the selected thread's newest frame was called from the end of `swap`, at that stack
pointer; from there on gdb reads the port's own tables. No register is written, so nothing can go wrong for the program.

Rejected: to write the registers of a live thread, as `call` does: core files have none to write.
"""
import os
import re

import gdb
from gdb.unwinder import Unwinder

SCHEDULER = "'heddle::sched::(anonymous namespace)::running_scheduler'"
BLOCK = "heddle::sched::FiberBlock"
ENDED = 4  # kEnded of fiber_block.hpp
PADDING = re.compile(r"\bnop|^xchg +%ax,%ax|^udf")  # between functions
PAGE = 4096  # a control block lies in the highest bytes of its stack


def fail(sentence):
    raise gdb.GdbError("heddle: " + sentence)


# --- the C++ library's types ------------------------------------------------------------------------------------------


def first_argument(value):
    return value.type.strip_typedefs().template_argument(0)


def atomic(value):
    """What a std::atomic holds: it lies at its beginning."""
    return value.address.cast(first_argument(value).pointer()).dereference()


def vector(value):
    at = value["_M_impl"]["_M_start"]
    while at != value["_M_impl"]["_M_finish"]:
        yield at.dereference()
        at += 1


def owned(value):
    """What a std::unique_ptr points to: it is nothing but a pointer."""
    return value.address.cast(first_argument(value).pointer().pointer()).dereference().dereference()


# --- what the core knows ----------------------------------------------------------------------------------------------


def scheduler():
    try:
        running = atomic(gdb.parse_and_eval(SCHEDULER))
    except gdb.error as error:
        fail(f"no debug information of libheddle ({error}); build it as RelWithDebInfo or Debug, and do not strip it")
    if int(running) == 0:
        fail("no heddle::run() is under way in this process")
    return running.dereference()


def chain(first):
    while int(first) != 0:
        yield int(first)
        first = first["link"]


def stacks(core):
    """(base, size) of each stack that was ever in use."""
    pool = core["stacks_"]
    classes = pool["classes_"]["_M_elems"]
    for reservation in vector(pool["reservations_"]):
        base, size, count = (int(reservation[name]) for name in ("base", "size", "count"))
        free_list = classes[size.bit_length() - 1]
        untouched = int(free_list["untouched"]) if int(free_list["next"]) == base else 0
        for index in range(untouched, count):
            yield base + index * size, size


def control_block(base, size, block_type, inferior):
    """The control block of a stack: it names the stack itself."""
    word = block_type.fields()[0].type.sizeof
    stack_field = next(field for field in block_type.fields() if field.name == "stack")
    offset = stack_field.bitpos // 8
    names = {field.name: field.bitpos // 8 for field in stack_field.type.fields()}
    top = base + size
    memory = bytes(inferior.read_memory(top - PAGE, PAGE))
    for place in range(PAGE - block_type.sizeof, -1, -word):

        def read(name):
            at = place + offset + names[name]
            return int.from_bytes(memory[at : at + word], "little")

        if read("base") == base and read("hi") == top and base <= read("lo") < top:
            return top - PAGE + place
    return None


class Fiber:
    def __init__(self, block, state, worker):
        self.block = block
        self.state = state
        self.worker = worker  # that runs it, else None
        self.number = int(block["number"])
        self.name = block["name"]["_M_elems"].string()
        self.sp = int(block["context"]["sp"])


def ready_blocks(core):
    ready = set()
    for line in core["global_"].type.fields():
        if line.type.name == "heddle::sched::GlobalQueue::Line":
            ready.update(chain(core["global_"][line.name]["first"]))
    for pointer in vector(core["processors_"]):
        processor = owned(pointer)
        ready.add(int(atomic(processor["next"])))
        queue = processor["queue"]
        ring = queue["ring_"]["_M_elems"]
        capacity = ring.type.strip_typedefs().range()[1] + 1
        head, tail = int(atomic(queue["head_"])), int(atomic(queue["tail_"]))
        for index in range((tail - head) % 2**32):
            ready.add(int(atomic(ring[(head + index) % capacity])))
    return ready


def fibers():
    core = scheduler()
    block_type = gdb.lookup_type(BLOCK)
    running = {int(owned(worker)["fiber"]): owned(worker) for worker in vector(core["workers_"])}
    kept = {int(owned(worker)["kept"]) for worker in vector(core["workers_"])}
    ready = ready_blocks(core)
    inferior = gdb.selected_inferior()
    found = []
    for base, size in stacks(core):
        at = control_block(base, size, block_type, inferior)
        if at is None:
            continue
        block = gdb.Value(at).cast(block_type.pointer()).dereference()
        if int(atomic(block["incarnation"])) % 2 == 0:  # nobody's
            continue
        if at in running:
            state = "running"
        elif at in kept or int(block["pinned"]) != 0:
            state = "preempted"
        elif at in ready:
            state = "ready"
        elif int(atomic(block["joiner"])) == ENDED:
            state = "ended"
        else:
            state = "waiting"
        found.append(Fiber(block, state, running.get(at)))
    return sorted(found, key=lambda fiber: fiber.number)


def fiber(text):
    numbers = [one for one in fibers() if str(one.number) == text]
    if not numbers:
        fail(f"no fiber has the number '{text}'; `heddle fibers` lists those that there are")
    return numbers[0]


# --- frames of a parked fiber -----------------------------------------------------------------------------------------


def end_of_swap():
    """The last instruction of the port's swap. There, on every port, all registers lie in the frame."""
    swap = int(scheduler()["interfaces_"]["context_switcher"].dereference()["swap"])
    architecture = gdb.selected_frame().architecture()
    if architecture.name().startswith("arm"):
        swap &= ~1  # Thumb code

    def symbol(address):
        return gdb.execute(f"info symbol {address}", to_string=True).split(" ")[0]

    end, name = swap + 2, symbol(swap)
    while symbol(end) == name and end < swap + PAGE:
        end += 2
    code = architecture.disassemble(swap, end - 1)
    while code and PADDING.search(code[-1]["asm"]):
        code.pop()
    if len(code) < 2 or end == swap + PAGE:
        fail("the port has no symbols; do not strip it")
    return code[-1]["addr"]


class FrameId:
    def __init__(self, sp, pc):
        self.sp = sp
        self.pc = pc


class Parked(Unwinder):
    """While `fiber` is set, the newest frame of the thread that was selected then is followed by the fiber's frames."""

    def __init__(self):
        super().__init__("heddle parked fiber")
        self.fiber = None

    def show(self, shown):
        self.fiber = None
        gdb.invalidate_cached_frames()
        if shown is not None:
            newest = gdb.newest_frame()
            self.newest = int(newest.read_register("sp")), int(newest.pc())
            self.pc = end_of_swap()
            self.fiber = shown
            gdb.invalidate_cached_frames()

    def __call__(self, pending):
        if self.fiber is None:
            return None
        sp, pc = pending.read_register("sp"), pending.read_register("pc")
        if (int(sp), int(pc)) != self.newest:
            return None
        parked_sp = gdb.Value(self.fiber.sp).cast(sp.type)
        parked_pc = gdb.Value(self.pc).cast(pc.type)
        info = pending.create_unwind_info(FrameId(parked_sp, pc))
        info.add_saved_register("sp", parked_sp)
        info.add_saved_register("pc", parked_pc)
        if pending.architecture().name().startswith("arm"):
            status = pending.read_register("cpsr")  # says whether the code is Thumb's: the port's is
            info.add_saved_register("cpsr", gdb.Value(int(status) | 0x20).cast(status.type))
        return info


parked = Parked()
gdb.unwinder.register_unwinder(None, parked, replace=True)
gdb.events.cont.connect(lambda _event: parked.show(None) if parked.fiber else None)


def thread_of(worker):
    for thread in gdb.selected_inferior().threads():
        if int(worker["os_thread"]) in thread.ptid[1:]:
            return thread
    return None


def backtrace(shown):
    """The lines of a fiber's backtrace, which begins with frame 1 for a parked fiber."""
    if shown.state == "ended":
        return ["it has ended"]
    if shown.worker is not None:
        thread = thread_of(shown.worker)
        if thread is None:
            return ["it runs on a thread that gdb does not know"]
        before = gdb.selected_thread()
        thread.switch()
        lines = [f"it runs on thread {thread.num}", *gdb.execute("backtrace", to_string=True).splitlines()]
        before.switch()
        return lines
    before = parked.fiber
    parked.show(shown)
    try:
        lines = gdb.execute("backtrace", to_string=True).splitlines()
    finally:
        parked.show(before)
    return lines[next((index for index, line in enumerate(lines) if line.startswith("#1 ")), len(lines)) :]


def without_arguments(name):
    """A function's name without those of templates."""
    shorter = re.sub(r"<[^<>]*>", "", name)
    return name if shorter == name else without_arguments(shorter)


def place(shown):
    """Which function of the API a parked fiber is in, and whose call that was."""
    before = parked.fiber
    parked.show(shown)
    try:
        within, frame = "", gdb.newest_frame().older()
        while frame is not None:
            name = without_arguments(frame.name() or "?")
            if name.startswith("heddle"):
                within = name
            elif not name.startswith("std::"):
                break
            frame = frame.older()
        if frame is None:
            return "not yet begun"
        at = frame.find_sal()
        caller = name + (f" at {os.path.basename(at.symtab.filename)}:{at.line}" if at.symtab else "")
        return caller if shown.state == "preempted" else f"{within}, called by {caller}"
    finally:
        parked.show(before)


# --- commands ---------------------------------------------------------------------------------------------------------


class Heddle(gdb.Command):
    """Shows the fibers of a program that uses Heddle.

    heddle fibers   lists them
    heddle bt       shows the backtrace of one, or of all
    heddle fiber    has `backtrace`, `frame` and `up` show a parked one"""

    def __init__(self):
        super().__init__("heddle", gdb.COMMAND_STACK, prefix=True)


class Fibers(gdb.Command):
    """Lists all fibers: number, state, name; where a parked one waits, and the function that called that."""

    def __init__(self):
        super().__init__("heddle fibers", gdb.COMMAND_STACK)

    def invoke(self, _argument, _from_tty):
        found = fibers()
        print(f"{'Id':>6}  {'State':9}  {'Name':16}  In")
        for one in found:
            text = ""
            if one.worker is not None:
                thread = thread_of(one.worker)
                text = f"thread {thread.num}" if thread else ""
            elif one.state != "ended":
                text = place(one)
            print(f"{one.number:6}  {one.state:9}  {one.name:16}  {text}".rstrip())


class Backtrace(gdb.Command):
    """heddle bt ID|all: shows the backtrace of the fiber with this number, or of all fibers."""

    def __init__(self):
        super().__init__("heddle bt", gdb.COMMAND_STACK)

    def invoke(self, argument, _from_tty):
        if not argument:
            fail("wanted a fiber's number, or all")
        for one in fibers() if argument == "all" else [fiber(argument)]:
            print(f"Fiber {one.number} {one.name}".rstrip() + f" ({one.state}):")
            print("\n".join(backtrace(one)) + "\n")


class Select(gdb.Command):
    """heddle fiber [ID]: frames 1 and above are those of the fiber with this number, until the program goes on or the
    command is given without a number. Frame 0 stays the thread's."""

    def __init__(self):
        super().__init__("heddle fiber", gdb.COMMAND_STACK)

    def invoke(self, argument, _from_tty):
        if not argument:
            return parked.show(None)
        one = fiber(argument)
        if one.worker is not None:
            thread = thread_of(one.worker)
            fail(f"fiber {one.number} is running" + (f": `thread {thread.num}` shows it" if thread else ""))
        if one.state == "ended":
            fail(f"fiber {one.number} has ended")
        parked.show(one)
        gdb.execute("frame 1")


for command in (Heddle, Fibers, Backtrace, Select):
    command()
