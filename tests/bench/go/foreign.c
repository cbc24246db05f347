#include "foreign.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

#include "_cgo_export.h"

void do_nothing(void) {
  __asm__ volatile("");
}

void call_back(void) {
  goDoNothing();
}

struct thread {
  pthread_t handle;
  sem_t asked;
  sem_t done;
  int64_t times;  // negative: no more
};

static void* serve(void* argument) {
  struct thread* thread = argument;
  for (;;) {
    sem_wait(&thread->asked);
    if (thread->times < 0) return NULL;
    for (int64_t i = 0; i < thread->times; ++i) goDoNothing();
    sem_post(&thread->done);
  }
}

struct thread* start_thread(void) {
  struct thread* thread = malloc(sizeof *thread);
  sem_init(&thread->asked, 0, 0);
  sem_init(&thread->done, 0, 0);
  pthread_create(&thread->handle, NULL, serve, thread);
  return thread;
}

void call_back_on_thread(struct thread* thread, int64_t times) {
  thread->times = times;
  sem_post(&thread->asked);
  sem_wait(&thread->done);
}

void end_thread(struct thread* thread) {
  thread->times = -1;
  sem_post(&thread->asked);
  pthread_join(thread->handle, NULL);
  free(thread);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * (int64_t)1000000000 + now.tv_nsec;
}

static void* call_back_once(void* took) {
  const int64_t start = now_ns();
  goDoNothing();
  *(int64_t*)took = now_ns() - start;
  return NULL;
}

int64_t first_callback_ns(void) {
  int64_t took = 0;
  pthread_t thread;
  pthread_create(&thread, NULL, call_back_once, &took);
  pthread_join(thread, NULL);
  return took;
}
