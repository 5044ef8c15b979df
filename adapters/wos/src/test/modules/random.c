/* Random numbers, clocks and input: everything that differs from one run to the next. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  unsigned char random[8];
  getentropy(random, sizeof random);
  for (int i = 0; i < 8; i++) printf("%02x", random[i]);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  printf(" %lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);
  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    struct timespec pause = {0, 1000000 + random[0] * 1000};
    nanosleep(&pause, NULL);
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("%ld %s", now.tv_nsec % 1000003, line);
  }
  return random[7] & 63;
}
