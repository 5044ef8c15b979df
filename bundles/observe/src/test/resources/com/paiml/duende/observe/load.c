/* A program that makes system calls in a known way: load MODE [COUNT]. It waits for a line on its input first, and
   for another one when it is done. */
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

static pthread_barrier_t barrier;

static void *sleeper(void *unused) {
  pause();
  return unused;
}

/* All of them in one call at the same time, then ten calls each. */
static void *caller(void *unused) {
  pthread_barrier_wait(&barrier);
  for (int i = 0; i < 10; i++)
    getppid();
  pthread_barrier_wait(&barrier);
  return unused;
}

static int threads(long count, void *(*body)(void *)) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 65536);
  for (long i = 0; i < count; i++) {
    pthread_t thread;
    if (pthread_create(&thread, &small, body, 0))
      return -1;
  }
  return 0;
}

/* Becomes the process of that number, if the kernel gives it to a child of ours. */
static int become(long wanted) {
  for (int i = 0; i < 2000; i++) {
    FILE *last = fopen("/proc/sys/kernel/ns_last_pid", "w");
    if (!last)
      return -1;
    fprintf(last, "%ld", wanted - 1);
    if (fclose(last))
      return -1;
    pid_t child = fork();
    if (child == 0) {
      if (getpid() != wanted)
        _exit(1);
      for (int k = 0; k < 1000; k++)
        getppid();
      _exit(0);
    }
    int status = 1;
    waitpid(child, &status, 0);
    if (child == wanted)
      return status;
  }
  return -1;
}

int main(int argc, char **argv) {
  const char *mode = argv[1];
  long count = argc > 2 ? atol(argv[2]) : 1;
  char buffer[4096];
  struct timespec a, b;
  int self = open("/proc/self/exe", O_RDONLY);
  /* What the loader does is over. */
  printf("%d\n", getpid());
  fflush(stdout);
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
    if (threads(count, sleeper))
      return 1;
  } else if (!strcmp(mode, "crowd")) {
    pthread_barrier_init(&barrier, 0, count + 1);
    if (threads(count, caller))
      return 1;
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
  } else if (!strcmp(mode, "become")) {
    if (become(count)) {
      printf("-1\n");
      return 1;
    }
  }
  clock_gettime(CLOCK_MONOTONIC, &b);
  printf("%.6f\n", (b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9);
  fflush(stdout);
  return read(0, buffer, sizeof buffer) < 0;
}
