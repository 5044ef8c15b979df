/*
 * The kit's program that speaks sd_notify: it is ready, says so in words, and feeds its watchdog until it is asked to end.
 * The guest's busybox has nothing that could.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void end(int signal) {
  (void)signal;
  _exit(0);
}

int main(void) {
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (!path || strlen(path) >= sizeof to.sun_path || fd < 0) {
    fprintf(stderr, "no NOTIFY_SOCKET\n");
    return 1;
  }
  strcpy(to.sun_path, path);
  signal(SIGTERM, end);
  puts("up");
  fflush(stdout);
  for (const char *note = "READY=1\nSTATUS=in service\n";; note = "WATCHDOG=1\n") {
    sendto(fd, note, strlen(note), 0, (struct sockaddr *)&to, sizeof to);
    usleep(100000);
  }
}
