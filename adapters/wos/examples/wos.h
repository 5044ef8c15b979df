/* The import module "wos": what WASI preview 1 has no word for. Every function returns an error number of WASI. */
#ifndef WOS_H
#define WOS_H

#include <stdint.h>

#define WOS_IMPORT(name) __attribute__((import_module("wos"), import_name(#name))) int wos_##name

/* Processes. A process may signal, and make less urgent, those of its own daemon. */
WOS_IMPORT(getpid)(int *pid);
WOS_IMPORT(getppid)(int *pid);
WOS_IMPORT(kill)(int pid, int signal);
WOS_IMPORT(nice)(int pid, int level);

/* Starts a process. arguments: separated by NUL, the first a module below a preopened directory, or empty for this module
   again. streams: descriptors for its standard input, output and error, -1 for one's own; NULL for all one's own. */
WOS_IMPORT(spawn)(const char *arguments, int length, const int *streams, int *pid);

/* Waits for a child: one, or any (-1). flags 1: does not wait; pid is then 0 when none has ended. status as in wait(2). */
WOS_IMPORT(wait)(int pid, int flags, int *ended, int *status);

/* ends[0] is to be read, ends[1] to be written. */
WOS_IMPORT(pipe)(int *ends);

/* A queue of messages that the processes of a daemon share: each write puts one in, each read takes one out. */
WOS_IMPORT(queue_open)(const char *name, int length, int *fd);

/* The next signal that waits, or 0. A module that imports this is not ended by TERM, INT, HUP, QUIT, USR1 or USR2. The
   other way is to export  void wos_signal(int signal)  and the stack pointer (-Wl,--export=__stack_pointer): it is then
   called wherever the module is, like a handler of signal(7), and with the same care about what it may touch. */
WOS_IMPORT(signal_take)(int *signal);

/* What the daemon says of itself. */
WOS_IMPORT(ready)(void);
WOS_IMPORT(heartbeat)(void);
WOS_IMPORT(status)(const char *text, int length);
WOS_IMPORT(health)(int score /* 0 dead .. 5 in full health */, const char *text, int length);
enum { WOS_COUNTER = 0, WOS_GAUGE = 1, WOS_DURATION = 2 /* seconds */ };
WOS_IMPORT(metric)(const char *name, int length, int kind, double value);

#endif
