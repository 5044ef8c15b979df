/* Writes lines as fast as it can. */
#include <stdio.h>
int main(void) {
  for (unsigned long n = 0;; n++) printf("line %lu of a flood that does not end\n", n);
}
