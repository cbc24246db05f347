// A C program that does nothing but say when its main() began: what start-up costs at least.
#include <stdio.h>
#include <time.h>

int main(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  printf("{\"measure\":\"first fiber\",\"unit\":\"clock\",\"value\":%lld%09ld}\n", (long long)now.tv_sec, now.tv_nsec);
  return 0;
}
