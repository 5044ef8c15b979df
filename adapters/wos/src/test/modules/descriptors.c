/* Opens files until it is refused; prints how many it could. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  int n = 0;
  while (open("/box/in.txt", O_RDONLY) >= 0) n++;
  printf("opened %d, then %s\n", n, strerror(errno));
  return 0;
}
