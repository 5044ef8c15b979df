/*
 * The kit's own eye in a machine: answers, on a virtio-serial port of its own, how many processes have a variable in their
 * environment. It asks neither the init nor the adapter. Started first by the kernel; it leaves a child behind that
 * serves, and becomes the real init.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char all[1 << 18];

static ssize_t environment(const char *pid) {
  char name[300];
  snprintf(name, sizeof name, "/proc/%s/environ", pid);
  int fd = open(name, O_RDONLY);
  if (fd < 0) return 0;
  ssize_t n = 0, got;
  while ((size_t)n < sizeof all - 1 && (got = read(fd, all + n, sizeof all - 1 - (size_t)n)) > 0) n += got;
  close(fd);
  all[n] = 0;
  return n;
}

/* Neither a thread of the kernel nor a zombie has a program. */
static int runs(const char *pid) {
  char name[300], program[8];
  snprintf(name, sizeof name, "/proc/%s/exe", pid);
  return readlink(name, program, sizeof program) > 0;
}

static int has(const char *pid, const char *wanted) {
  ssize_t n = environment(pid);
  /* In the midst of an execve it is empty. */
  for (int i = 0; n == 0 && i < 1000 && runs(pid); i++) {
    usleep(1000);
    n = environment(pid);
  }
  for (ssize_t at = 0; at < n; at += (ssize_t)strlen(all + at) + 1)
    if (!strcmp(all + at, wanted)) return 1;
  return 0;
}

static int count(const char *wanted) {
  DIR *proc = opendir("/proc");
  int n = 0;
  if (!proc) return -1;
  for (struct dirent *e; (e = readdir(proc));)
    if (e->d_name[0] >= '1' && e->d_name[0] <= '9') n += has(e->d_name, wanted);
  closedir(proc);
  return n;
}

static int port(void) {
  for (int i = 0; i < 8; i++) {
    char name[100], text[64] = "";
    snprintf(name, sizeof name, "/sys/class/virtio-ports/vport0p%d/name", i);
    int fd = open(name, O_RDONLY);
    if (fd < 0) continue;
    if (read(fd, text, sizeof text - 1) > 0 && !strcmp(text, "duende.census\n")) {
      close(fd);
      snprintf(name, sizeof name, "/dev/vport0p%d", i);
      return open(name, O_RDWR);
    }
    close(fd);
  }
  return -1;
}

static void serve(void) {
  char line[4096];
  int fd;
  setsid();
  while ((fd = port()) < 0) usleep(20000);
  for (size_t at = 0;;) {
    ssize_t n = read(fd, line + at, 1);
    if (n <= 0) {
      usleep(20000);
      at = 0;
      continue;
    }
    if (line[at] != '\n') {
      at = at + 1 < sizeof line - 1 ? at + 1 : 0;
      continue;
    }
    line[at] = 0;
    at = 0;
    char answer[32];
    int m = snprintf(answer, sizeof answer, "%d\n", count(line));
    if (write(fd, answer, (size_t)m) != m) continue;
  }
}

int main(void) {
  if (fork() == 0) serve();
  execl("/init", "init", (char *)0);
  return 1;
}
