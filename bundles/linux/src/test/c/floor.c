/* The least that restarting a child can cost: vfork, exec, wait, again. floor PROGRAM */
#include <sys/prctl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments) {
  (void)count;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) {
    pid_t child = vfork();
    if (child == 0) {
      execv(arguments[1], arguments + 1);
      _exit(1);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) < 0) {
      return 1;
    }
  }
}
