/* A preemption strategy of one's own, as a library that any Heddle program can load: it only brings the delivery, the way in
 * which a running thread is made to stop, and leaves what happens there to the port.
 *
 * Requests are collected for 50 microseconds from the first one on. Then a timer of the kernel's wakes one thread, which
 * queues a real-time signal for each, with the request in the signal's value. So a burst of requests costs one wake-up.
 *
 * Invariants:
 *   - At most one signal is under way to a thread: Request::state goes from IDLE over WAITING and SENT to IDLE again.
 *   - The signal is taken on the thread's own signal stack with every signal blocked, so nothing nests there.
 *   - leave() waits for what is under way, takes it, and closes the request, all with the signal blocked: none comes later. */
#define _GNU_SOURCE /* pthread_sigqueue */
#include <heddle/port/port.h>
#include <heddle/port/preempter.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { COLLECT_NS = 50000 };

enum { IDLE, WAITING, SENT, CLOSED };

/* What is known of one thread, at the top of the mapping that is its signal stack. */
typedef struct Request {
  atomic_uint state;
  struct Request* next; /* in the list `waiting` */
  HeddleThread* thread;
  pthread_t target;
  char* mapping;
  size_t mapping_bytes;
  stack_t program_stack; /* as the thread had it */
  sigset_t program_mask;
} Request;

static const HeddleHost* host;
static int signal_number;
static int timer = -1;
static pthread_t collector;
static atomic_int closing;
static _Atomic(Request*) waiting; /* pushed to by anyone, emptied by the collector */
static _Thread_local Request* mine __attribute__((tls_model("initial-exec"))); /* no allocation when a handler reads it */

static int32_t failed(const char* call, int error) {
  char line[120];
  snprintf(line, sizeof line, "sigqueue: %s: %s", call, strerror(error));
  host->log(HEDDLE_LOG_ERROR, line);
  return HEDDLE_E_OS;
}

/* --- delivery --------------------------------------------------------------------------------------------------------- */

/* A plain system call, which a signal handler may make. */
static void wake_collector_in(long nanoseconds) {
  const struct itimerspec once = {.it_value = {0, nanoseconds}};
  timerfd_settime(timer, 0, &once, NULL);
}

static int32_t HEDDLE_CALL request(HeddleThread* thread) {
  Request* self = thread->preempter_data;
  if (!self) return HEDDLE_E_INVALID;
  unsigned seen = IDLE;
  if (!atomic_compare_exchange_strong(&self->state, &seen, WAITING))
    return seen == CLOSED ? HEDDLE_E_INVALID : HEDDLE_OK;
  Request* first = atomic_load(&waiting);
  do self->next = first;
  while (!atomic_compare_exchange_weak(&waiting, &first, self));
  if (first) return HEDDLE_OK; /* the timer runs already */
  const int saved_errno = errno;
  wake_collector_in(COLLECT_NS);
  errno = saved_errno;
  return HEDDLE_OK;
}

static void send_all(void) {
  Request* next;
  for (Request* each = atomic_exchange(&waiting, NULL); each; each = next) {
    next = each->next;
    atomic_store(&each->state, SENT);
    const union sigval value = {.sival_ptr = each};
    /* Once it is queued, the thread may be gone with its request. Too many are queued: the core will ask again. */
    if (pthread_sigqueue(each->target, signal_number, value) != 0) atomic_store(&each->state, IDLE);
  }
}

static void* collect(void* unused) {
  for (uint64_t expirations; !atomic_load(&closing);) {
    if (read(timer, &expirations, sizeof expirations) == (ssize_t)sizeof expirations) send_all();
  }
  return unused;
}

static void on_signal(int number, siginfo_t* info, void* context) {
  (void)number;
  const int saved_errno = errno;
  Request* self = mine;
  if (self && info->si_code == SI_QUEUE && info->si_value.sival_ptr == self) {
    atomic_store(&self->state, IDLE);
    host->deliver(self->thread, context);
  }
  errno = saved_errno;
}

/* --- a thread's beginning and end ------------------------------------------------------------------------------------- */

/* Guard, signal stack and request, in this order upwards. Null when there is no memory. */
static Request* map_request(HeddleThread* thread) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t frame = getauxval(AT_MINSIGSTKSZ); /* of the kernel, with the vector registers */
  const size_t bytes = (page + frame + (64 << 10) + sizeof(Request) + page - 1) / page * page;
  char* mapping = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (mapping == MAP_FAILED) return NULL;
  if (mprotect(mapping, page, PROT_NONE) != 0) {
    munmap(mapping, bytes);
    return NULL;
  }
  Request* self = (Request*)(((uintptr_t)mapping + bytes - sizeof(Request)) / 64 * 64);
  self->thread = thread;
  self->target = pthread_self();
  self->mapping = mapping;
  self->mapping_bytes = bytes;
  thread->signal_lo = (uintptr_t)mapping + page;
  thread->signal_hi = (uintptr_t)self;
  return self;
}

static sigset_t our_signal(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal_number);
  return set;
}

static int32_t HEDDLE_CALL enter(HeddleThread* thread) {
  Request* self = map_request(thread);
  if (!self) return failed("mmap of a signal stack", errno);
  const stack_t ours = {.ss_sp = (void*)thread->signal_lo, .ss_size = thread->signal_hi - thread->signal_lo};
  if (sigaltstack(&ours, &self->program_stack) != 0) {
    const int error = errno;
    thread->signal_lo = thread->signal_hi = 0;
    munmap(self->mapping, self->mapping_bytes);
    return failed("sigaltstack", error);
  }
  mine = self;
  thread->preempter_data = self;
  const sigset_t set = our_signal();
  pthread_sigmask(SIG_UNBLOCK, &set, &self->program_mask);
  return HEDDLE_OK;
}

/* Takes what is under way, and refuses more. */
static void drain(Request* self) {
  const sigset_t set = our_signal();
  const struct timespec moment = {0, 1000000};
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  for (unsigned seen = IDLE; !atomic_compare_exchange_strong(&self->state, &seen, CLOSED); seen = IDLE) {
    siginfo_t info;
    if (sigtimedwait(&set, &info, &moment) == signal_number && info.si_value.sival_ptr == self)
      atomic_store(&self->state, IDLE);
  }
}

static void HEDDLE_CALL leave(HeddleThread* thread) {
  Request* self = thread->preempter_data;
  if (!self) return;
  drain(self);
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  const sigset_t mask = self->program_mask;
  mine = NULL;
  thread->preempter_data = NULL;
  thread->signal_lo = thread->signal_hi = 0;
  sigaltstack(&self->program_stack, NULL);
  munmap(self->mapping, self->mapping_bytes);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
}

/* Without locate and inject: the core takes the port's, and what they need of the stack. */
static const HeddlePreempter preempter = {
    .struct_size = sizeof(HeddlePreempter), .strategy = "sigqueue", .enter = enter, .leave = leave, .request = request};

/* --- the library ------------------------------------------------------------------------------------------------------ */

/* The first real-time signal that the program does not handle. */
static int32_t install_handler(void) {
  struct sigaction ours = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  sigfillset(&ours.sa_mask);
  for (signal_number = SIGRTMIN + 1; signal_number <= SIGRTMAX; ++signal_number) {
    struct sigaction current;
    if (sigaction(signal_number, NULL, &current) != 0 || current.sa_handler != SIG_DFL) continue;
    return sigaction(signal_number, &ours, NULL) == 0 ? HEDDLE_OK : failed("sigaction", errno);
  }
  return failed("a real-time signal that the program leaves alone", ENOENT);
}

/* With every signal blocked: those of the process are the program's. */
static int32_t start_collector(void) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&collector, NULL, collect, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return error == 0 ? HEDDLE_OK : failed("pthread_create", error);
}

static int32_t HEDDLE_CALL open_strategy(const HeddleHost* core) {
  host = core;
  atomic_store(&closing, 0);
  int32_t result = install_handler();
  if (result != HEDDLE_OK) return result;
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  result = timer < 0 ? failed("timerfd_create", errno) : start_collector();
  if (result == HEDDLE_OK) return result;
  if (timer >= 0) close(timer);
  signal(signal_number, SIG_DFL);
  return result;
}

static void HEDDLE_CALL close_strategy(void) {
  atomic_store(&closing, 1);
  wake_collector_in(1);
  pthread_join(collector, NULL);
  close(timer);
  signal(signal_number, SIG_DFL);
}

static const void* HEDDLE_CALL get_interface(const char* iid) {
  return strcmp(iid, HEDDLE_PREEMPTER_IID) == 0 ? &preempter : NULL;
}

static const char* const interfaces[] = {HEDDLE_PREEMPTER_IID, NULL};

static const HeddlePort strategy = {.magic = HEDDLE_PORT_MAGIC,
                                    .abi_version = HEDDLE_ABI_VERSION,
                                    .struct_size = sizeof(HeddlePort),
                                    .id = "sigqueue",
                                    .os = "linux",
                                    .arch = "any",
                                    .version = "0.1.0",
                                    .interfaces = interfaces,
                                    .open = open_strategy,
                                    .close = close_strategy,
                                    .get_interface = get_interface};

HEDDLE_PORT_EXPORT const HeddlePort* HEDDLE_CALL heddle_port_query(uint32_t core_abi_version);

const HeddlePort* HEDDLE_CALL heddle_port_query(uint32_t core_abi_version) {
  return core_abi_version >> 16 == HEDDLE_ABI_MAJOR ? &strategy : NULL;
}
