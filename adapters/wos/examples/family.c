/* Starts children, pipes to and from them, waits for them. Without arguments the parent, otherwise a child. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "wos.h"

static int child(const char *what) {
  char line[128];
  if (strcmp(what, "shout") == 0) {
    while (fgets(line, sizeof line, stdin)) {
      for (char *c = line; *c; c++) *c = *c >= 'a' && *c <= 'z' ? *c - 32 : *c;
      fputs(line, stdout);
      fflush(stdout);
    }
    return 7;
  }
  if (strcmp(what, "orphan") == 0) {
    struct timespec pause = {30, 0};
    nanosleep(&pause, NULL);
    return 0;
  }
  if (strcmp(what, "parent") == 0) { /* leaves an orphan behind, and waits to be killed */
    int pid;
    wos_spawn("\0orphan", 8, NULL, &pid);
    printf("orphan %d\n", pid);
    fflush(stdout);
    struct timespec pause = {30, 0};
    nanosleep(&pause, NULL);
    return 0;
  }
  if (strcmp(what, "bomb") == 0) { /* each starts two of itself until it is refused, then stays */
    int pid, refused = 0;
    while (refused == 0) {
      refused = wos_spawn("\0bomb", 6, NULL, &pid);
    }
    struct timespec pause = {30, 0};
    nanosleep(&pause, NULL);
    return refused;
  }
  return 2;
}

int main(int argc, char **argv) {
  if (argc > 1) return child(argv[1]);
  int to[2], from[2], pid, ended, status, queue, number;
  if (wos_pipe(to) || wos_pipe(from)) return 1;
  int streams[3] = {to[0], from[1], -1};
  if (wos_spawn("\0shout", 7, streams, &pid)) return 3;
  close(to[0]);
  close(from[1]);
  write(to[1], "through a pipe\n", 15);
  close(to[1]);
  char line[128];
  ssize_t n = read(from[0], line, sizeof line);
  printf("%.*s", (int)n, line);
  if (wos_wait(pid, 0, &ended, &status)) return 4;
  printf("child %s ended with %d\n", ended == pid ? "it" : "another", status >> 8);
  if (wos_wait(-1, 0, &ended, &status) == 0) return 5; /* there is no other */
  if (wos_queue_open("work", 4, &queue)) return 6;
  write(queue, "one", 3);
  write(queue, "two", 3);
  n = read(queue, line, sizeof line);
  printf("first message %.*s\n", (int)n, line);
  wos_getpid(&number);
  printf("pid %s\n", number > 1 ? "good" : "bad");
  return 0;
}
