/*
 * A list of system calls and who carries it out on itself. Two programs do: executor.c, as a process that stands between
 * spawn and exec, and vfork.c, as the child of vfork that becomes the program. Who writes lists: StepList.java.
 *
 * The list: a header, then steps, then data. Offsets count from the start of the list.
 *
 * No C library, no allocation, no state but the list: it must be small and fast, and must not do anything that its caller
 * did not ask for.
 */
#ifndef STEPS_H
#define STEPS_H

typedef unsigned int u32;
typedef unsigned long u64;
typedef long s64;

enum { MAGIC = 0x31584544, STEP_NONE = 0xffffffff };

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

/* What could not be done: the index of the step, and why. */
struct failure {
  u32 step;
  u32 error;
};

#if defined(__x86_64__)

static inline s64 call(s64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
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

static inline s64 call(s64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
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

/* Offsets are checked: a broken list must end in a report, not in a wild write. */
static int inside(u64 offset, u64 length, u64 size) {
  return offset >= sizeof(struct header) && offset <= size && size - offset >= length;
}

static struct failure at(u32 step, s64 negated) {
  struct failure f = {step, (u32)-negated};
  return f;
}

/* Comes back only with what could not be done: the last step is an execve, or an exit. */
static struct failure carry_out(unsigned char *list, u64 size, char **argv, char **envp) {
  struct header *head = (struct header *)list;
  if (size < sizeof *head || head->magic != MAGIC || head->size != size ||
      head->steps > (size - sizeof *head) / sizeof(struct step)) {
    return at(STEP_NONE, -ERRNO_INVAL);
  }
  struct step *steps = (struct step *)(list + sizeof *head);
  for (u32 i = 0; i < head->steps; i++) {
    struct step *s = steps + i;
    if (s->call == RELOCATE) {
      if (!inside(s->arg[0], sizeof(u64), size)) {
        return at(i, -ERRNO_INVAL);
      }
      *(u64 *)(list + s->arg[0]) += (u64)list;
      continue;
    }
    u64 value[6];
    for (u32 k = 0; k < 6; k++) {
      u64 a = s->arg[k];
      u32 kind = s->kinds >> (2 * k) & 3;
      if (kind == POINTER) {
        if (!inside(a, 1, size)) {
          return at(i, -ERRNO_INVAL);
        }
        a += (u64)list;
      } else if (kind == LOAD) {
        if (!inside(a, sizeof(u32), size)) {
          return at(i, -ERRNO_INVAL);
        }
        a = *(u32 *)(list + a);
      } else if (kind == OWN) {
        a = a == OWN_ARGV ? (u64)argv : (u64)envp;
      }
      value[k] = a;
    }
    s64 result = call(s->call, value[0], value[1], value[2], value[3], value[4], value[5]);
    if (result < 0 && result >= -4095 && -result != (s64)s->tolerated) {
      return at(i, result);
    }
    if (s->store != 0) {
      if (!inside(s->store, sizeof(u32), size)) {
        return at(i, -ERRNO_INVAL);
      }
      *(u32 *)(list + s->store) = (u32)result;
    }
  }
  /* A list that does not end in execve is a mistake of its writer, unless it has left by itself. */
  return at(head->steps, -ERRNO_INVAL);
}

#endif
