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
 *
 * The list: a header, then steps, then data. Offsets count from the start of the list.
 *
 * No C library, no allocation, no state but the list: it must be small and fast, and must not do
 * anything that its caller did not ask for. Who writes lists: StepList.java, with the same layout.
 */

typedef unsigned int u32;
typedef unsigned long u64;
typedef long s64;

enum { MAGIC = 0x31584544, ROOM = 256 * 1024, STEP_NONE = 0xffffffff };

/* What an argument is, two bits each, the first argument's lowest. */
enum { VALUE, POINTER, LOAD, OWN };

enum { OWN_ARGV, OWN_ENVP };

/* Instead of a system call number: turn the offset at arg[0] into a pointer. */
enum { RELOCATE = -1 };

enum { ERRNO_INTR = 4, ERRNO_INVAL = 22, ERRNO_TOO_BIG = 7 };

struct header {
  u32 magic;
  u32 steps;
  u32 size;
  u32 unused;
};

struct step {
  s64 call;
  u64 arg[6];
  u32 kinds;
  u32 store;     /* offset of a 32-bit word for the result; 0: nowhere */
  u32 tolerated; /* an errno that is as good as success */
  u32 unused;
};

_Static_assert(sizeof(struct header) == 16, "header");
_Static_assert(sizeof(struct step) == 72, "step");

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

static s64 call(s64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  register u64 r10 __asm__("r10") = d;
  register u64 r8 __asm__("r8") = e;
  register u64 r9 __asm__("r9") = f;
  s64 result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

#elif defined(__aarch64__)

enum { NR_PREAD64 = 67, NR_WRITE = 64, NR_EXIT_GROUP = 94 };

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  mov x29, xzr\n"
    "  mov x30, xzr\n"
    "  mov x0, sp\n"
    "  bl run\n");

static s64 call(s64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  register u64 x8 __asm__("x8") = (u64)number;
  register u64 x0 __asm__("x0") = a;
  register u64 x1 __asm__("x1") = b;
  register u64 x2 __asm__("x2") = c;
  register u64 x3 __asm__("x3") = d;
  register u64 x4 __asm__("x4") = e;
  register u64 x5 __asm__("x5") = f;
  __asm__ volatile("svc #0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return (s64)x0;
}

#else
#error "only x86-64 and aarch64"
#endif

static __attribute__((noreturn)) void fail(u64 report, u32 step, s64 negated) {
  u32 words[2];
  words[0] = step;
  words[1] = (u32)-negated;
  call(NR_WRITE, report, (u64)words, sizeof words, 0, 0, 0);
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

/* Offsets are checked: a broken list must end in a report, not in a wild write. */
static int inside(u64 offset, u64 length, u64 size) {
  return offset >= sizeof(struct header) && offset <= size && size - offset >= length;
}

static u64 receive(u64 from, u64 report) {
  u64 got = 0;
  while (got < ROOM) {
    s64 n = call(NR_PREAD64, from, (u64)(list + got), ROOM - got, got, 0, 0);
    if (n == -ERRNO_INTR) {
      continue;
    }
    if (n < 0) {
      fail(report, STEP_NONE, n);
    }
    if (n == 0) {
      return got;
    }
    got += (u64)n;
  }
  fail(report, STEP_NONE, -ERRNO_TOO_BIG);
}

__attribute__((noreturn, used)) void run(u64 *stack) {
  u64 argc = stack[0];
  char **argv = (char **)(stack + 1);
  char **envp = argv + argc + 1;
  u64 from = argc > 1 ? decimal(argv[1]) : 0;
  u64 report = from + 1;
  u64 size = receive(from, report);
  struct header *head = (struct header *)list;
  if (argc < 3 || size < sizeof *head || head->magic != MAGIC || head->size != size ||
      head->steps > (size - sizeof *head) / sizeof(struct step)) {
    fail(report, STEP_NONE, -ERRNO_INVAL);
  }
  struct step *steps = (struct step *)(list + sizeof *head);
  for (u32 i = 0; i < head->steps; i++) {
    struct step *s = steps + i;
    if (s->call == RELOCATE) {
      if (!inside(s->arg[0], sizeof(u64), size)) {
        fail(report, i, -ERRNO_INVAL);
      }
      *(u64 *)(list + s->arg[0]) += (u64)list;
      continue;
    }
    u64 value[6];
    for (u32 k = 0; k < 6; k++) {
      u64 a = s->arg[k];
      switch (s->kinds >> (2 * k) & 3) {
        case VALUE:
          break;
        case POINTER:
          if (!inside(a, 1, size)) {
            fail(report, i, -ERRNO_INVAL);
          }
          a += (u64)list;
          break;
        case LOAD:
          if (!inside(a, sizeof(u32), size)) {
            fail(report, i, -ERRNO_INVAL);
          }
          a = *(u32 *)(list + a);
          break;
        default:
          a = a == OWN_ARGV ? (u64)(argv + 2) : (u64)envp;
          break;
      }
      value[k] = a;
    }
    s64 result = call(s->call, value[0], value[1], value[2], value[3], value[4], value[5]);
    if (result < 0 && result >= -4095 && -result != (s64)s->tolerated) {
      fail(report, i, result);
    }
    if (s->store != 0) {
      if (!inside(s->store, sizeof(u32), size)) {
        fail(report, i, -ERRNO_INVAL);
      }
      *(u32 *)(list + s->store) = (u32)result;
    }
  }
  /* A list that does not end in execve is a mistake of its writer, unless it has left by itself. */
  fail(report, head->steps, -ERRNO_INVAL);
}
