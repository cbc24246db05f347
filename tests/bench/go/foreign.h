// The C that foreign.go calls.
#include <stdint.h>

void do_nothing(void);
void call_back(void);

// A thread that calls Go back so many times whenever it is asked to.
struct thread;
struct thread* start_thread(void);
void call_back_on_thread(struct thread* thread, int64_t times);
void end_thread(struct thread* thread);

// How long the first callback of a thread that is made for it takes.
int64_t first_callback_ns(void);
