/*
 * The least that it can cost.
 *   floor PROGRAM         restarts it for ever: vfork, exec, wait
 *   floor PROGRAM COUNT   starts so many, says the microseconds that took, and ends them
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t start(char *program) {
  char *arguments[] = {program, NULL};
  pid_t child = vfork();
  if (child == 0) {
    execv(program, arguments);
    _exit(1);
  }
  return child;
}

static long micros(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

int main(int count, char **arguments) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (count > 2) {
    int many = atoi(arguments[2]);
    pid_t *children = calloc((size_t)many, sizeof *children);
    long begun = micros();
    for (int i = 0; i < many; i++) {
      children[i] = start(arguments[1]);
    }
    fprintf(stderr, "%ld\n", micros() - begun);
    for (int i = 0; i < many; i++) {
      kill(children[i], SIGKILL);
      waitpid(children[i], NULL, 0);
    }
    return 0;
  }
  for (;;) {
    int status;
    pid_t child = start(arguments[1]);
    if (child < 0 || waitpid(child, &status, 0) < 0) {
      return 1;
    }
  }
}
