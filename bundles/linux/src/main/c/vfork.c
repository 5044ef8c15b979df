/*
 * Starts a program from within a process of many threads: a child that shares the memory, as vfork(2) makes it, carries out
 * a list of system calls on itself, the last of which is the execve. So there is no program in between, and no file and no
 * pipe to tell it what to do: both sides look at the same memory, and the parent's thread stands still until the child has
 * become the program or has ended.
 *
 * The child runs nothing but this, on a stack of its own, with all of the parent's signal handlers taken off before a signal
 * can reach it. Not for a child that changes its user: until its execve that user could trace it, and with it the memory of
 * its parent (the kernel would forbid that by marking the memory, the parent's too, as not dumpable).
 *
 * Flat code without data, entered at its first byte: int start(struct start *), which gives the child's pid or a negated
 * errno. Who calls: VforkCode.java, with the same layout.
 */

#include "steps.h"

struct start {
  u64 list;
  u64 size;
  u64 argv;
  u64 envp;
  u64 stack; /* its upper end, aligned to 16 */
  int pidfd; /* out, -1 from a kernel that knows no CLONE_PIDFD */
  struct failure failed; /* out, step STEP_NONE and error 0 when there was none */
};

_Static_assert(sizeof(struct start) == 56, "start");

enum { CLONE_VM = 0x100, CLONE_PIDFD = 0x1000, CLONE_VFORK = 0x4000, SIGCHLD = 17 };
enum { SIG_SETMASK = 2, SIGNALS = 64, SIGKILL = 9, SIGSTOP = 19 };

#if defined(__x86_64__)

enum { NR_SIGACTION = 13, NR_SIGPROCMASK = 14, NR_EXIT_GROUP = 231 };

/* clone(flags, stack, parent_tid, child_tid, tls); the fourth parameter of ours lasts in r9, which the kernel keeps. */
__asm__(
    ".section .text.first,\"ax\"\n"
    "  jmp start\n"
    ".text\n"
    "branch:\n"
    "  mov %rcx, %r9\n"
    "  xor %r10d, %r10d\n"
    "  xor %r8d, %r8d\n"
    "  mov $56, %eax\n"
    "  syscall\n"
    "  test %rax, %rax\n"
    "  jz 1f\n"
    "  ret\n"
    "1:xor %ebp, %ebp\n"
    "  mov %r9, %rdi\n"
    "  call child\n"
    "  ud2\n");

#else

enum { NR_SIGACTION = 134, NR_SIGPROCMASK = 135, NR_EXIT_GROUP = 94 };

/* clone(flags, stack, parent_tid, tls, child_tid) */
__asm__(
    ".section .text.first,\"ax\"\n"
    "  b start\n"
    ".text\n"
    "branch:\n"
    "  mov x9, x3\n"
    "  mov x3, xzr\n"
    "  mov x4, xzr\n"
    "  mov x8, #220\n"
    "  svc #0\n"
    "  cbz x0, 1f\n"
    "  ret\n"
    "1:mov x29, xzr\n"
    "  mov x0, x9\n"
    "  bl child\n"
    "  brk #0\n");

#endif

s64 branch(u64 flags, u64 stack, int *pidfd, struct start *s) __attribute__((visibility("hidden")));

/* struct sigaction of the kernel: handler SIG_DFL, no flags, no restorer, nothing blocked. */
struct action {
  u64 handler;
  u64 flags;
  u64 restorer;
  u64 mask;
};

__attribute__((noreturn, used, visibility("hidden"))) void child(struct start *s) {
  struct action usual = {0, 0, 0, 0};
  for (int signal = 1; signal <= SIGNALS; signal++) {
    if (signal != SIGKILL && signal != SIGSTOP) {
      call(NR_SIGACTION, (u64)signal, (u64)&usual, 0, sizeof usual.mask, 0, 0);
    }
  }
  u64 none = 0;
  call(NR_SIGPROCMASK, SIG_SETMASK, (u64)&none, 0, sizeof none, 0, 0);
  s->failed = carry_out((unsigned char *)s->list, s->size, (char **)s->argv, (char **)s->envp);
  for (;;) {
    call(NR_EXIT_GROUP, 127, 0, 0, 0, 0, 0);
  }
}

__attribute__((used, visibility("hidden"))) int start(struct start *s) {
  /* None of the parent's handlers may run in the child, on memory that is the parent's. */
  u64 all = ~0UL;
  u64 before = 0;
  s->pidfd = -1;
  s->failed.step = STEP_NONE;
  s->failed.error = 0;
  call(NR_SIGPROCMASK, SIG_SETMASK, (u64)&all, (u64)&before, sizeof all, 0, 0);
  s64 pid = branch(CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, s->stack, &s->pidfd, s);
  call(NR_SIGPROCMASK, SIG_SETMASK, (u64)&before, 0, sizeof before, 0, 0);
  return (int)pid;
}
