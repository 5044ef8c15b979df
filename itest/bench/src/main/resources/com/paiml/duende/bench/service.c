/* service FIFO: says when its main began (CLOCK_MONOTONIC, nanoseconds) and who it is, and waits to be killed. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct timespec now;
  char line[64];
  int fd, length;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (argc != 2 || (fd = open(argv[1], O_WRONLY | O_CLOEXEC)) < 0) return 111;
  length = snprintf(line, sizeof line, "%lld %d\n", now.tv_sec * 1000000000LL + now.tv_nsec, (int)getpid());
  if (write(fd, line, length) != length) return 112; /* below PIPE_BUF: whole or not at all */
  for (;;) pause();
}
