/* Waits inside the kernel for a child of vfork(2) that does not go on: neither a signal but KILL nor a stop reaches it there. */
#include <unistd.h>

int main(void) {
  if (vfork() == 0) {
    for (;;) {
      pause();
    }
  }
  return 1;
}
