/*
 * Stands between spawn and exec: carries out a list of system calls on itself, the last of which is
 * the execve of the real program. So whatever is to be in force at the program's first instruction
 * is, and the thread that starts it is never confined.
 *
 *   executor LIST argv0 [argv1 ...]
 *
 * LIST is a descriptor number in decimal, of a file; the list is read from it, LIST + 1 is where a failure is
 * reported, as two 32-bit words: the index of the step and the errno. Nothing is written on success:
 * the reader sees the end of the stream, because a step has marked the descriptor close-on-exec.
 */

#include "steps.h"

enum { ROOM = 256 * 1024 };

static unsigned char list[ROOM] __attribute__((aligned(16)));

#if defined(__x86_64__)

enum { NR_PREAD64 = 17, NR_WRITE = 1, NR_EXIT_GROUP = 231 };

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call run\n");

#else

enum { NR_PREAD64 = 67, NR_WRITE = 64, NR_EXIT_GROUP = 94 };

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  mov x29, xzr\n"
    "  mov x30, xzr\n"
    "  mov x0, sp\n"
    "  bl run\n");

#endif

static __attribute__((noreturn)) void fail(u64 report, struct failure what) {
  call(NR_WRITE, report, (u64)&what, sizeof what, 0, 0, 0);
  for (;;) {
    call(NR_EXIT_GROUP, 127, 0, 0, 0, 0, 0);
  }
}

static u64 decimal(const char *text) {
  u64 value = 0;
  while (*text >= '0' && *text <= '9') {
    value = value * 10 + (u64)(*text++ - '0');
  }
  return value;
}

static u64 receive(u64 from, u64 report) {
  u64 got = 0;
  while (got < ROOM) {
    s64 n = call(NR_PREAD64, from, (u64)(list + got), ROOM - got, got, 0, 0);
    if (n == -ERRNO_INTR) {
      continue;
    }
    if (n < 0) {
      fail(report, at(STEP_NONE, n));
    }
    if (n == 0) {
      return got;
    }
    got += (u64)n;
  }
  fail(report, at(STEP_NONE, -ERRNO_TOO_BIG));
}

__attribute__((noreturn, used)) void run(u64 *stack) {
  u64 argc = stack[0];
  char **argv = (char **)(stack + 1);
  char **envp = argv + argc + 1;
  u64 from = argc > 1 ? decimal(argv[1]) : 0;
  u64 report = from + 1;
  u64 size = receive(from, report);
  if (argc < 3) {
    fail(report, at(STEP_NONE, -ERRNO_INVAL));
  }
  fail(report, carry_out(list, size, argv + 2, envp));
}
