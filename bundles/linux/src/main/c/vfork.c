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
 * A child whose list begins with a close_range(2) that leaves the parent's descriptors shares them until then, and copies only
 * the lowest of them: to copy all and close most of them again takes longer with every program that runs.
 *
 * Flat code without data, with two entries. At its first byte: int start(struct start *), which gives the child's pid or a
 * negated errno. At its 16th: int turn(struct turn *), which waits for events as epoll_pwait(2) does, and starts the successor
 * of a child that has ended before anybody hears of that end. Who calls: VforkCode.java, with the same layouts.
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

/* The next start of a child, when it ends in one of these ways and has left nobody behind. */
struct successor {
  struct start start;
  u64 codes[4];   /* a bit for each exit code */
  u64 signals;    /* a bit for each signal, that of signal 1 the lowest */
  u64 population; /* the path of a file of its control group that says 0 when nobody is in there */
  s64 took;       /* out, nanoseconds of the start */
  int process;    /* the child's pidfd */
  int code;       /* out, how it ended: si_code of waitid, 0 when it was not reaped here */
  int status;     /* out, si_status */
  int pid;        /* out, of the successor; 0 when none was started, or a negated errno */
};

_Static_assert(sizeof(struct successor) == 128, "successor");

/* The key says whose it is: that of the child's events as long as it is to be had, and nobody has it but who has changed it. */
struct slot {
  u64 key;
  struct successor *next;
};

#define SLOT_FREE 0UL
#define SLOT_TAKEN (~0UL)

struct turn {
  u64 epoll;
  u64 events;
  u64 most;
  s64 timeout; /* milliseconds, -1 without end */
  struct slot *slots;
  u64 count; /* of slots, up to the last that is in use */
};

_Static_assert(sizeof(struct turn) == 48, "turn");

/* sys/epoll.h */
#if defined(__x86_64__)
struct event {
  u32 events;
  u64 data;
} __attribute__((packed));
#else
struct event {
  u32 events;
  u64 data;
};
#endif

enum { P_PIDFD = 3, WNOHANG = 1, WEXITED = 4, CLD_EXITED = 1 };
/* struct siginfo, in words of 32 bits */
enum { INFO_WORDS = 32, INFO_CODE = 2, INFO_PID = 4, INFO_STATUS = 6 };
enum { AT_FDCWD = -100, O_CLOEXEC = 02000000, CLOCK_MONOTONIC = 1 };

enum { CLONE_VM = 0x100, CLONE_FILES = 0x400, CLONE_PIDFD = 0x1000, CLONE_VFORK = 0x4000, SIGCHLD = 17 };
enum { NR_CLOSE_RANGE = 436, CLOSE_RANGE_UNSHARE = 2 };
enum { SIG_SETMASK = 2, SIGNALS = 64, SIGKILL = 9, SIGSTOP = 19 };

#if defined(__x86_64__)

enum { NR_SIGACTION = 13, NR_SIGPROCMASK = 14, NR_EXIT_GROUP = 231 };
enum { NR_READ = 0, NR_CLOSE = 3, NR_SCHED_YIELD = 24, NR_CLOCK_GETTIME = 228, NR_WAITID = 247, NR_OPENAT = 257, NR_EPOLL_PWAIT = 281 };

/* clone(flags, stack, parent_tid, child_tid, tls); the fourth parameter of ours lasts in r9, which the kernel keeps. */
__asm__(
    ".section .text.first,\"ax\"\n"
    "  jmp start\n"
    "  .balign 16\n"
    "  jmp turn\n"
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
enum { NR_READ = 63, NR_CLOSE = 57, NR_SCHED_YIELD = 124, NR_CLOCK_GETTIME = 113, NR_WAITID = 95, NR_OPENAT = 56, NR_EPOLL_PWAIT = 22 };

/* clone(flags, stack, parent_tid, tls, child_tid) */
__asm__(
    ".section .text.first,\"ax\"\n"
    "  b start\n"
    "  .balign 16\n"
    "  b turn\n"
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

/* Whether the first step leaves the descriptors to the parent. Any other would be carried out on what is the parent's. */
static int leaves_descriptors(struct start *s) {
  struct step *first = (struct step *)(s->list + sizeof(struct header));
  return s->size >= sizeof(struct header) + sizeof *first && first->call == NR_CLOSE_RANGE &&
         (first->arg[2] & CLOSE_RANGE_UNSHARE);
}

__attribute__((used, visibility("hidden"))) int start(struct start *s) {
  /* None of the parent's handlers may run in the child, on memory that is the parent's. */
  u64 all = ~0UL;
  u64 before = 0;
  s->pidfd = -1;
  s->failed.step = STEP_NONE;
  s->failed.error = 0;
  call(NR_SIGPROCMASK, SIG_SETMASK, (u64)&all, (u64)&before, sizeof all, 0, 0);
  u64 files = leaves_descriptors(s) ? CLONE_FILES : 0;
  s64 pid = branch(CLONE_VM | files | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, s->stack, &s->pidfd, s);
  call(NR_SIGPROCMASK, SIG_SETMASK, (u64)&before, 0, sizeof before, 0, 0);
  return (int)pid;
}

static s64 now(void) {
  s64 time[2];
  call(NR_CLOCK_GETTIME, CLOCK_MONOTONIC, (u64)time, 0, 0, 0, 0);
  return time[0] * 1000000000 + time[1];
}

static int is_deserted(u64 population) {
  char text[8];
  s64 file = call(NR_OPENAT, (u64)AT_FDCWD, population, O_CLOEXEC, 0, 0, 0);
  if (file < 0) {
    return 0;
  }
  s64 got = call(NR_READ, (u64)file, (u64)text, sizeof text, 0, 0, 0);
  call(NR_CLOSE, (u64)file, 0, 0, 0, 0, 0);
  return got == 2 && text[0] == '0' && text[1] == '\n';
}

static void succeed(struct successor *s) {
  u32 info[INFO_WORDS];
  info[INFO_PID] = 0;
  s64 waited = call(NR_WAITID, P_PIDFD, (u64)s->process, (u64)info, WEXITED | WNOHANG, 0, 0);
  if (waited < 0 || info[INFO_PID] == 0) {
    return; /* somebody traces it, or is its parent */
  }
  u32 status = info[INFO_STATUS];
  s->code = (int)info[INFO_CODE];
  s->status = (int)status;
  u64 wanted = s->code == CLD_EXITED ? s->codes[status >> 6 & 3] >> (status & 63)
                                     : s->signals >> ((status - 1) & 63);
  if ((wanted & 1) && is_deserted(s->population)) {
    s64 begin = now();
    s->pid = start(&s->start);
    s->took = now() - begin;
    /* The kernel wakes this thread in the middle of the execve, on the child's processor: the child's work is the urgent one. */
    call(NR_SCHED_YIELD, 0, 0, 0, 0, 0, 0);
  }
}

__attribute__((used, visibility("hidden"))) int turn(struct turn *t) {
  s64 got = call(NR_EPOLL_PWAIT, t->epoll, t->events, t->most, (u64)t->timeout, 0, sizeof(u64));
  u64 count = __atomic_load_n(&t->count, __ATOMIC_ACQUIRE);
  struct event *events = (struct event *)t->events;
  for (s64 i = 0; i < got; i++) {
    u64 key = events[i].data;
    /* A free slot has the key of the loop's own events. */
    for (u64 k = 0; key != SLOT_FREE && k < count; k++) {
      struct slot *slot = t->slots + k;
      u64 seen = key;
      /* Looked at first without a change: most slots are another's. */
      if (__atomic_load_n(&slot->key, __ATOMIC_RELAXED) == key &&
          __atomic_compare_exchange_n(&slot->key, &seen, SLOT_TAKEN, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        succeed(slot->next);
        break;
      }
    }
  }
  return (int)got;
}
