/* The behaviours of the conformance kit. The first argument says which. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "wos.h"

extern char **environ;

static volatile int pending[32];

__attribute__((export_name("wos_signal"))) void on_signal(int signal) { pending[signal & 31] = 1; }

static int took(int signal) {
  int was = pending[signal];
  pending[signal] = 0;
  return was;
}

static void rest(long ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&t, NULL);
}

static void say(const char *line) {
  puts(line);
  fflush(stdout);
}

static int start(const char *what) {
  char arguments[64] = {0};
  int pid = 0;
  strcpy(arguments + 1, what);
  if (wos_spawn(arguments, (int)strlen(what) + 2, NULL, &pid)) exit(90);
  return pid;
}

static int until_term(void) {
  while (!took(15)) rest(3600 * 1000);
  return 0;
}

static void for_ever(void) {
  for (;;) rest(3600 * 1000);
}

static void meet(void) { /* waits until the grandchild is there */
  int queue;
  char word[8];
  if (wos_queue_open("there", 5, &queue)) exit(91);
  read(queue, word, sizeof word);
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  if (!strcmp(what, "sleeps")) {
    say("up");
    return until_term();
  }
  if (!strcmp(what, "exits")) return atoi(argv[2]);
  if (!strcmp(what, "exits-after")) {
    rest(atol(argv[2]));
    return atoi(argv[3]);
  }
  if (!strcmp(what, "kills-itself")) {
    wos_kill(0, 9);
    for_ever();
  }
  if (!strcmp(what, "ignores")) {
    say("up");
    for_ever();
  }
  if (!strcmp(what, "takes")) {
    say("up");
    until_term();
    rest(atol(argv[2]));
    say("bye");
    return 0;
  }
  if (!strcmp(what, "tree")) {
    start("child");
    return until_term();
  }
  if (!strcmp(what, "orphans")) {
    start("child");
    meet();
    return 0;
  }
  if (!strcmp(what, "child")) {
    start("grandchild");
    for_ever();
  }
  if (!strcmp(what, "grandchild")) {
    int queue;
    if (wos_queue_open("there", 5, &queue)) return 92;
    say("up");
    write(queue, "here", 4);
    for_ever();
  }
  if (!strcmp(what, "prints")) {
    int lines = atoi(argv[2]), padding = atoi(argv[3]);
    char *x = malloc(padding + 1);
    memset(x, 'x', padding);
    x[padding] = 0;
    for (int i = 1; i <= lines; i++) printf("line %d of %d %s\n", i, lines, x);
    return 0;
  }
  if (!strcmp(what, "both")) {
    say("to out");
    fputs("to err\n", stderr);
    return 0;
  }
  if (!strcmp(what, "arguments")) {
    for (int i = 2; i < argc; i++) printf("<%s>\n", argv[i]);
    say("end");
    return 0;
  }
  if (!strcmp(what, "environment")) {
    for (char **e = environ; *e; e++) puts(*e);
    say("end");
    return 0;
  }
  if (!strcmp(what, "open-files")) {
    int queue, n = 3; /* the standard streams */
    while (wos_queue_open("q", 1, &queue) == 0) n++;
    printf("%d\n", n);
    say("end");
    return 0;
  }
  if (!strcmp(what, "ticks")) {
    start("ticker");
    say("up");
    return until_term();
  }
  if (!strcmp(what, "ticker")) {
    for (int i = 1;; i++) {
      printf("tick %d\n", i);
      rest(20);
    }
  }
  if (!strcmp(what, "echoes")) {
    say("up");
    for (;;) {
      if (took(1)) say("got HUP");
      if (took(10)) say("got USR1");
      if (took(12)) say("got USR2");
      if (took(15)) return 0;
      rest(50);
    }
  }
  if (!strcmp(what, "allocates")) {
    size_t n = (size_t)atol(argv[2]);
    char *memory = malloc(n);
    if (!memory) return 93;
    memset(memory, 7, n);
    say("up");
    return until_term() + (memory[n - 1] != 7);
  }
  if (!strcmp(what, "burns")) {
    say("up");
    for (volatile unsigned n = 0;; n++) {
    }
  }
  if (!strcmp(what, "notifies")) {
    say("up");
    wos_ready();
    wos_status("in service", 10);
    while (!took(15)) {
      wos_heartbeat();
      wos_metric("beats", 5, WOS_COUNTER, 1);
      wos_metric("load", 4, WOS_GAUGE, 0.5);
      wos_metric("request", 7, WOS_DURATION, 0.002);
      wos_health(4, "beating", 7);
      rest(100);
    }
    return 0;
  }
  return 99;
}
