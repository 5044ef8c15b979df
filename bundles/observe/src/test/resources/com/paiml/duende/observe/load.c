/* A program that makes system calls in a known way: load MODE [COUNT]. It waits for a line on its input first. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void work(void) {
  volatile unsigned long x = 0;
  for (int k = 0; k < 12000; k++)
    x += k * x;
}

__attribute__((noinline)) static void known_line(void) {
  getppid(); /* KNOWN LINE */
}

static void *sleeper(void *unused) {
  pause();
  return unused;
}

int main(int argc, char **argv) {
  const char *mode = argv[1];
  long count = argc > 2 ? atol(argv[2]) : 1;
  char buffer[4096];
  struct timespec a, b;
  int self = open("/proc/self/exe", O_RDONLY);
  if (read(0, buffer, sizeof buffer) <= 0)
    return 1;
  clock_gettime(CLOCK_MONOTONIC, &a);
  if (!strcmp(mode, "realistic")) {
    for (long i = 0; i < count; i++) {
      if (pread(self, buffer, sizeof buffer, 0) < 0)
        return 1;
      work();
    }
  } else if (!strcmp(mode, "bare")) {
    for (long i = 0; i < count; i++)
      getppid();
  } else if (!strcmp(mode, "line")) {
    for (long i = 0; i < count; i++)
      known_line();
  } else if (!strcmp(mode, "errors")) {
    for (long i = 0; i < count; i++)
      if (open("/no/such/file", O_RDWR | O_CLOEXEC) >= 0)
        return 1;
  } else if (!strcmp(mode, "children")) {
    for (long i = 0; i < count; i++) {
      pid_t child = fork();
      if (child == 0) {
        if (fork() == 0) {
          getpgid(0);
          _exit(0);
        }
        wait(0);
        _exit(0);
      }
      waitpid(child, 0, 0);
    }
  } else if (!strcmp(mode, "threads")) {
    for (long i = 0; i < count; i++) {
      pthread_t thread;
      if (pthread_create(&thread, 0, sleeper, 0))
        return 1;
    }
  }
  clock_gettime(CLOCK_MONOTONIC, &b);
  printf("%.6f\n", (b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9);
  fflush(stdout);
  return read(0, buffer, sizeof buffer) < 0;
}
