/*
 * Says whose a device of ublk is, for udev, which gives the device's files to that user.
 *
 *   ublk-owner ublkcN
 *   ublk-owner ublkbN
 *
 * Prints uid and gid, in decimal, and ends with 0, when a process without privileges has added the device. Otherwise, and when
 * the kernel cannot be asked, it prints nothing and ends with 1: then the files stay root's. Needs root.
 *
 * One command, UBLK_CMD_GET_DEV_INFO2, on a ring of io_uring; see docs.kernel.org/block/ublk.html. No C library: udev waits for
 * it with every device.
 */

#include <linux/io_uring.h>
#include <linux/ublk_cmd.h>

typedef unsigned int u32;
typedef unsigned long u64;
typedef long s64;

enum { AT_FDCWD = -100, O_RDWR = 2, O_CLOEXEC = 02000000, STDOUT = 1 };
enum { PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1, MAP_POPULATE = 0x8000 };

/* include/uapi/linux/ublk_cmd.h of Linux 6.5; older headers lack them. */
enum { GET_DEV_INFO2 = 0x80207512, UNPRIVILEGED = 1 << 5 };
#ifdef UBLK_U_CMD_GET_DEV_INFO2
_Static_assert((u32)UBLK_U_CMD_GET_DEV_INFO2 == (u32)GET_DEV_INFO2, "UBLK_U_CMD_GET_DEV_INFO2");
_Static_assert(UBLK_F_UNPRIVILEGED_DEV == UNPRIVILEGED, "UBLK_F_UNPRIVILEGED_DEV");
#endif

/* struct ublksrv_ctrl_cmd of Linux 6.5 */
struct command {
  u32 device;
  unsigned short queue;
  unsigned short length;
  u64 address;
  u64 data;
  unsigned short path_length;
  unsigned short unused;
  u32 reserved;
};

/* struct ublksrv_ctrl_dev_info of Linux 6.5 */
struct info {
  unsigned short queues, depth, state, unused0;
  u32 max_io, id, server, unused1;
  u64 flags, server_flags;
  u32 owner_uid, owner_gid;
  u64 unused2, unused3;
};

_Static_assert(sizeof(struct command) == 32, "struct ublksrv_ctrl_cmd");
_Static_assert(sizeof(struct info) == sizeof(struct ublksrv_ctrl_dev_info), "struct ublksrv_ctrl_dev_info");
_Static_assert(__builtin_offsetof(struct info, flags) == __builtin_offsetof(struct ublksrv_ctrl_dev_info, flags), "flags");

enum { PATH = 32, WIDE = 128 };

static struct {
  char path[PATH];
  struct info info;
} exchange;

static struct io_uring_params params;

#if defined(__x86_64__)

enum { NR_WRITE = 1, NR_MMAP = 9, NR_OPENAT = 257, NR_EXIT_GROUP = 231, NR_SETUP = 425, NR_ENTER = 426 };

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

enum { NR_WRITE = 64, NR_MMAP = 222, NR_OPENAT = 56, NR_EXIT_GROUP = 94, NR_SETUP = 425, NR_ENTER = 426 };

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

static __attribute__((noreturn)) void leave(int status) {
  for (;;) {
    call(NR_EXIT_GROUP, (u64)status, 0, 0, 0, 0, 0);
  }
}

static u64 must(s64 result) {
  if (result < 0 && result >= -4095) {
    leave(1);
  }
  return (u64)result;
}

/* The N of ublkcN or ublkbN; nothing else is one. */
static u32 number(const char *name) {
  static const char head[] = "ublk";
  u32 at = 0;
  for (; at < 4; at++) {
    if (name[at] != head[at]) {
      leave(1);
    }
  }
  if (name[at] != 'c' && name[at] != 'b') {
    leave(1);
  }
  u32 value = 0, digits = 0;
  for (at++; name[at] >= '0' && name[at] <= '9' && digits < 7; at++, digits++) {
    value = value * 10 + (u32)(name[at] - '0');
  }
  if (digits == 0 || name[at] != 0) {
    leave(1);
  }
  return value;
}

/* Writes a number in decimal, and one character more; returns what comes next. */
static char *decimal(char *to, u32 value, char last) {
  char reversed[10];
  u32 count = 0;
  do {
    reversed[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) {
    *to++ = reversed[--count];
  }
  *to++ = last;
  return to;
}

static int ask(u32 device) {
  static const char control[] = "/dev/ublk-control";
  u64 file = must(call(NR_OPENAT, (u64)AT_FDCWD, (u64)control, O_RDWR | O_CLOEXEC, 0, 0, 0));
  params.flags = IORING_SETUP_SQE128;
  u64 ring = must(call(NR_SETUP, 1, (u64)&params, 0, 0, 0, 0));
  u64 bytes = params.sq_off.array + params.sq_entries * sizeof(u32);
  u64 completions = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
  bytes = bytes > completions ? bytes : completions;
  u64 rings = must(call(NR_MMAP, 0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING));
  u64 entries = must(
      call(NR_MMAP, 0, params.sq_entries * WIDE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES));
  struct io_uring_sqe *entry = (struct io_uring_sqe *)entries; /* the kernel gave zeroes */
  struct command *command = (struct command *)(entries + 48);
  entry->opcode = IORING_OP_URING_CMD;
  entry->fd = (int)file;
  *(u32 *)((char *)entry + 8) = (u32)GET_DEV_INFO2;
  command->device = device;
  command->queue = 0xffff;
  command->length = sizeof exchange;
  command->address = (u64)&exchange;
  command->path_length = PATH;
  *(u32 *)(rings + params.sq_off.array) = 0;
  __atomic_store_n((u32 *)(rings + params.sq_off.tail), 1, __ATOMIC_RELEASE);
  must(call(NR_ENTER, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0));
  if (__atomic_load_n((u32 *)(rings + params.cq_off.tail), __ATOMIC_ACQUIRE) != 1) {
    leave(1);
  }
  return ((struct io_uring_cqe *)(rings + params.cq_off.cqes))->res;
}

__attribute__((noreturn, used)) void run(u64 *stack) {
  char **argv = (char **)(stack + 1);
  if (stack[0] != 2) {
    leave(1);
  }
  u32 device = number(argv[1]);
  static const char folder[] = "/dev/ublkc";
  for (u32 at = 0; at < sizeof folder - 1; at++) {
    exchange.path[at] = folder[at];
  }
  decimal(exchange.path + sizeof folder - 1, device, 0);
  if (ask(device) != 0 || !(exchange.info.flags & UNPRIVILEGED)) {
    leave(1);
  }
  char line[24];
  char *end = decimal(decimal(line, exchange.info.owner_uid, ' '), exchange.info.owner_gid, '\n');
  u64 length = (u64)(end - line);
  leave(call(NR_WRITE, STDOUT, (u64)line, length, 0, 0, 0) == (s64)length ? 0 : 1);
}
