/* A daemon: counts, reports, reloads on HUP, ends on TERM. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "wos.h"

static volatile int last;

__attribute__((export_name("wos_signal"))) void on_signal(int signal) { last = signal; }

int main(int argc, char **argv) {
  long count = 0;
  printf("counter %s starts\n", argc > 1 ? argv[1] : "-");
  fflush(stdout);
  wos_ready();
  while (last != 15) {
    if (last == 1) {
      last = 0;
      puts("reloaded");
    }
    struct timespec pause = {0, 100 * 1000 * 1000};
    nanosleep(&pause, NULL);
    count++;
    wos_metric("ticks", 5, WOS_COUNTER, 1);
    wos_health(5, "counting", 8);
    wos_heartbeat();
    if (count % 10 == 0) {
      printf("count %ld\n", count);
      fflush(stdout);
    }
  }
  printf("counter ends at %ld\n", count);
  return 0;
}
