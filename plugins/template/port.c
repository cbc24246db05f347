/* The port to start from: a whole one in C11 for any POSIX system, with no line of assembly.
 *
 * It runs every program under the strategies `none` and `cooperative`. Copy this folder, give it your name, and replace
 * table by table in the order of docs/porting.md; after each step the same programs must still run. What C alone cannot
 * give:
 *   - swap goes through swapcontext(3), which calls the kernel to set the signal mask: some 50 times slower than a
 * switch need be;
 *   - an exception cannot leave a function that call_on called;
 *   - nothing is interrupted: the Preempter refuses every thread, and fibers give way at checkpoints only. */
#define _XOPEN_SOURCE 700 /* clocks and contexts, which -std=c11 hides */
#include <heddle/port/context_switcher.h>
#include <heddle/port/port.h>
#include <heddle/port/preempter.h>
#include <heddle/port/tls_provider.h>
#include <heddle/port/vdso_caller.h>

#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

static const HeddleHost* host;

/* --- ContextSwitcher -------------------------------------------------------------------------------------------------- */

/* What a context is parked in; lies on its stack. */
typedef struct Parked {
  ucontext_t context;
  HeddleRegisters at;
  void* transfer;                  /* what the swap in this context will return … */
  void* (*on_top)(void* transfer); /* … once this has been called with it, unless it is null */
  HeddleEntry entry;               /* of a fresh context */
  void* argument;
} Parked;

/* makecontext(3) passes ints; the fresh context finds its Parked here instead. */
static _Thread_local Parked* fresh;

static void enter_context(void) {
  Parked* self = fresh;
  self->entry(self->transfer, self->argument);
}

static void HEDDLE_CALL make(HeddleContext* out, void* stack_lo, void* stack_hi, HeddleEntry entry, void* argument) {
  const uintptr_t top = ((uintptr_t)stack_hi - sizeof(Parked)) & ~(uintptr_t)63;
  Parked* parked = (Parked*)top;
  memset(parked, 0, sizeof *parked);
  getcontext(&parked->context); /* the caller's floating-point control words and signal mask */
  parked->context.uc_stack.ss_sp = stack_lo;
  parked->context.uc_stack.ss_size = top - (uintptr_t)stack_lo;
  parked->entry = entry;
  parked->argument = argument;
  parked->at = (HeddleRegisters){(uintptr_t)entry, top, 0};
  makecontext(&parked->context, enter_context, 0);
  out->sp = parked;
}

static void* HEDDLE_CALL swap_on_top(HeddleContext* save, const HeddleContext* to, void* (*function)(void*), void* transfer) {
  Parked here;
  memset(&here, 0, offsetof(Parked, at));
  here.at = (HeddleRegisters){(uintptr_t)__builtin_return_address(0), (uintptr_t)&here, (uintptr_t)__builtin_frame_address(0)};
  Parked* there = to->sp;
  there->transfer = transfer;
  there->on_top = function;
  fresh = there;
  save->sp = &here;
  swapcontext(&here.context, &there->context);
  return here.on_top ? here.on_top(here.transfer) : here.transfer;
}

static void* HEDDLE_CALL swap(HeddleContext* save, const HeddleContext* to, void* transfer) {
  return swap_on_top(save, to, NULL, transfer);
}

static void HEDDLE_CALL jump(const HeddleContext* to, void* transfer) {
  Parked* there = to->sp;
  there->transfer = transfer;
  there->on_top = NULL;
  fresh = there;
  setcontext(&there->context);
}

typedef struct Call {
  void* (*function)(void* argument);
  void* argument;
  HeddleContext* caller;
} Call;

static void HEDDLE_CALL run_call(void* transfer, void* argument) {
  (void)transfer;
  const Call* call = argument;
  jump(call->caller, call->function(call->argument));
}

static void* call_below(HeddleContext* save, char* stack_top, void* (*function)(void*), void* argument) {
  Call call = {function, argument, save};
  HeddleContext other;
  make(&other, stack_top - 65536, stack_top, run_call, &call);
  return swap(save, &other, NULL);
}

static void* HEDDLE_CALL call_on(void* stack_top, void* (*function)(void*), void* argument) {
  HeddleContext caller;
  return call_below(&caller, stack_top, function, argument);
}

/* A parked context's record has the frames of what parked it below itself. */
static void* HEDDLE_CALL park_and_call(HeddleContext* save, const HeddleContext* on, void* (*function)(void*), void* argument) {
  return call_below(save, (char*)on->sp - 4096, function, argument);
}

/* What morestack asks. */
typedef struct Question {
  const HeddleContext* caller;
  void* context;
  HeddleSegment* answer;
  int answered;
} Question;

static void* ask(void* argument) {
  Question* question = argument;
  question->answer = host->new_stack(question->caller, question->context);
  question->answered = 1;
  return NULL;
}

static HeddleThread* HEDDLE_CALL get(void);

/* The bounds of the system stack are not known here: a stack pointer below the parked scheduler's, but not far, is on it. */
static void* HEDDLE_CALL morestack(void* (*function)(void*), void* context) {
  HeddleContext caller;
  Question question = {&caller, context, NULL, 0};
  const HeddleThread* thread = get();
  char* system = thread && thread->fiber ? thread->system.sp : NULL;
  char* here = (char*)&question;
  const int on_system_stack = !system || (here < system && system - here < 1 << 20);
  void* transfer = call_below(&caller, (on_system_stack ? here : system) - 4096, ask, &question);
  if (!question.answered) return transfer;
  return question.answer ? call_on(question.answer->hi, function, context) : NULL;
}

static void HEDDLE_CALL inspect(const HeddleContext* context, HeddleRegisters* out) {
  *out = ((const Parked*)context->sp)->at;
}

/* The C++ runtime's words of each thread: a pointer and a count, and one pointer more by the ARM EABI. */
#ifdef __ARM_EABI__
enum { EXCEPTION_GLOBALS_BYTES = 3 * sizeof(void*) };
#else
enum { EXCEPTION_GLOBALS_BYTES = 2 * sizeof(void*) };
#endif

static const HeddleContextSwitcher context_switcher = {
    sizeof(HeddleContextSwitcher), 2 * sizeof(Parked), make, swap,     jump, swap_on_top, call_on, inspect,
    EXCEPTION_GLOBALS_BYTES,       park_and_call,      NULL, morestack};

/* --- TlsProvider ------------------------------------------------------------------------------------------------------ */

static _Thread_local HeddleThread* slot;
static pthread_key_t exit_key;
static void(HEDDLE_CALL* exited)(HeddleThread* thread);

static void at_thread_exit(void* thread) {
  if (exited && slot == thread) exited(thread);
}

static int32_t HEDDLE_CALL bind(HeddleThread* thread) {
  thread->os_thread = (uintptr_t)pthread_self();
  slot = thread;
  return pthread_setspecific(exit_key, thread) == 0 ? HEDDLE_OK : HEDDLE_E_NO_MEMORY;
}

static HeddleThread* HEDDLE_CALL get(void) {
  return slot;
}

static void HEDDLE_CALL clear(void) {
  slot = NULL;
}

static void HEDDLE_CALL set(HeddleThread* thread) {
  slot = thread;
}

static int32_t HEDDLE_CALL on_thread_exit(void(HEDDLE_CALL* function)(HeddleThread* thread)) {
  exited = function;
  return HEDDLE_OK;
}

static const HeddleTlsProvider tls_provider = {
    sizeof(HeddleTlsProvider), 0, bind, get, clear, on_thread_exit, set, NULL};

/* --- Preempter -------------------------------------------------------------------------------------------------------- */

static int32_t HEDDLE_CALL enter(HeddleThread* thread) {
  (void)thread;
  host->log(HEDDLE_LOG_WARNING, "the template port cannot interrupt a thread; set preempter.strategy to cooperative");
  return HEDDLE_E_UNSUPPORTED;
}

static void HEDDLE_CALL leave(HeddleThread* thread) {
  (void)thread;
}

static int32_t HEDDLE_CALL request(HeddleThread* thread) {
  (void)thread;
  return HEDDLE_E_UNSUPPORTED;
}

static void HEDDLE_CALL locate(const void* machine_context, HeddleRegisters* out) {
  (void)machine_context;
  *out = (HeddleRegisters){0, 0, 0};
}

static int32_t HEDDLE_CALL inject(void* machine_context) {
  (void)machine_context;
  return HEDDLE_E_UNSUPPORTED;
}

static const HeddlePreempter preempter = {
    sizeof(HeddlePreempter), 0, "none", enter, leave, request, locate, inject, NULL};

/* --- VdsoCaller ------------------------------------------------------------------------------------------------------- */

static int64_t read_clock(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t HEDDLE_CALL monotonic_ns(void) {
  return read_clock(CLOCK_MONOTONIC);
}

static int64_t HEDDLE_CALL realtime_ns(void) {
  return read_clock(CLOCK_REALTIME);
}

static int32_t HEDDLE_CALL contains(uintptr_t pc) {
  (void)pc;
  return 0;
}

static void* HEDDLE_CALL symbol(const char* name) {
  (void)name;
  return NULL;
}

static const HeddleVdsoCaller vdso_caller = {
    sizeof(HeddleVdsoCaller), 0, "libc", monotonic_ns, realtime_ns, contains, symbol};

/* --- the port --------------------------------------------------------------------------------------------------------- */

static const struct {
  const char* iid;
  const void* table;
} tables[] = {
    {HEDDLE_CONTEXT_SWITCHER_IID, &context_switcher},
    {HEDDLE_TLS_PROVIDER_IID, &tls_provider},
    {HEDDLE_PREEMPTER_IID, &preempter},
    {HEDDLE_VDSO_CALLER_IID, &vdso_caller},
    {HEDDLE_VDSO_CALLER_IID "#vdso", &vdso_caller},
};

static const char* const interfaces[] = {HEDDLE_CONTEXT_SWITCHER_IID,    HEDDLE_TLS_PROVIDER_IID,
                                         HEDDLE_PREEMPTER_IID,           HEDDLE_VDSO_CALLER_IID,
                                         HEDDLE_VDSO_CALLER_IID "#vdso", NULL};

static int32_t HEDDLE_CALL open_port(const HeddleHost* core) {
  host = core;
  return pthread_key_create(&exit_key, at_thread_exit) == 0 ? HEDDLE_OK : HEDDLE_E_NO_MEMORY;
}

static void HEDDLE_CALL close_port(void) {
  pthread_key_delete(exit_key);
}

static const void* HEDDLE_CALL get_interface(const char* iid) {
  for (size_t index = 0; index < sizeof tables / sizeof *tables; ++index) {
    if (strcmp(tables[index].iid, iid) == 0) return tables[index].table;
  }
  return NULL;
}

static const HeddlePort port = {.magic = HEDDLE_PORT_MAGIC,
                                .abi_version = HEDDLE_ABI_VERSION,
                                .struct_size = sizeof(HeddlePort),
                                .id = "template",
                                .os = "posix",
                                .arch = "any",
                                .version = "0.1.0",
                                .interfaces = interfaces,
                                .open = open_port,
                                .close = close_port,
                                .get_interface = get_interface};

HEDDLE_PORT_EXPORT const HeddlePort* HEDDLE_CALL heddle_port_query(uint32_t core_abi_version);

const HeddlePort* HEDDLE_CALL heddle_port_query(uint32_t core_abi_version) {
  return core_abi_version >> 16 == HEDDLE_ABI_MAJOR ? &port : NULL;
}
