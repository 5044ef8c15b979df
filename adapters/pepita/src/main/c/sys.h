/*
 * The system calls that the guest's init makes, by number, without a C library. Only calls that both x86-64 and aarch64
 * have (asm-generic/unistd.h), so that there is one text for both. A failed call returns its error number negated.
 */
#ifndef PEPITA_SYS_H
#define PEPITA_SYS_H

#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/poll.h>
#include <linux/reboot.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/signalfd.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <linux/un.h>
#include <linux/wait.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

#if defined(__x86_64__)
static long call6(long n, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start:\n xor %ebp, %ebp\n and $-16, %rsp\n call init_main\n hlt\n");
#elif defined(__aarch64__)
static long call6(long n, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = n;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
}
__asm__(".globl _start\n_start:\n mov x29, #0\n mov x30, #0\n bl init_main\n brk #0\n");
#else
#error "no entry for this processor"
#endif

#define CALL(n, a, b, c, d, e, f) \
  call6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static long sys_read(int fd, void *to, u64 n) { return CALL(__NR_read, fd, to, n, 0, 0, 0); }
static long sys_write(int fd, const void *from, u64 n) { return CALL(__NR_write, fd, from, n, 0, 0, 0); }
static long sys_open(const char *path, int flags, int mode) { return CALL(__NR_openat, AT_FDCWD, path, flags, mode, 0, 0); }
static long sys_close(int fd) { return CALL(__NR_close, fd, 0, 0, 0, 0, 0); }
static long sys_mkdir(const char *path, int mode) { return CALL(__NR_mkdirat, AT_FDCWD, path, mode, 0, 0, 0); }
static long sys_unlink(const char *path) { return CALL(__NR_unlinkat, AT_FDCWD, path, 0, 0, 0, 0); }
static long sys_symlink(const char *to, const char *path) { return CALL(__NR_symlinkat, to, AT_FDCWD, path, 0, 0, 0); }
static long sys_chmod(const char *path, int mode) { return CALL(__NR_fchmodat, AT_FDCWD, path, mode, 0, 0, 0); }
static long sys_dup3(int from, int to, int flags) { return CALL(__NR_dup3, from, to, flags, 0, 0, 0); }
static long sys_pipe2(int *two, int flags) { return CALL(__NR_pipe2, two, flags, 0, 0, 0, 0); }
static long sys_fcntl(int fd, int what, long value) { return CALL(__NR_fcntl, fd, what, value, 0, 0, 0); }
static long sys_fork(void) { return CALL(__NR_clone, SIGCHLD, 0, 0, 0, 0, 0); }
static long sys_kill(int pid, int signal) { return CALL(__NR_kill, pid, signal, 0, 0, 0, 0); }
static long sys_wait(int *status, int flags) { return CALL(__NR_wait4, -1, status, flags, 0, 0, 0); }
static long sys_chdir(const char *path) { return CALL(__NR_chdir, path, 0, 0, 0, 0, 0); }
static long sys_chroot(const char *path) { return CALL(__NR_chroot, path, 0, 0, 0, 0, 0); }
static long sys_getpid(void) { return CALL(__NR_getpid, 0, 0, 0, 0, 0, 0); }
static long sys_mount(const char *from, const char *on, const char *type, u64 flags, const char *data) {
  return CALL(__NR_mount, from, on, type, flags, data, 0);
}
static long sys_umount(const char *path) { return CALL(__NR_umount2, path, 0, 0, 0, 0, 0); }
static long sys_execve(const char *path, char **argv, char **envp) { return CALL(__NR_execve, path, argv, envp, 0, 0, 0); }
static long sys_getdents(int fd, void *into, u64 n) { return CALL(__NR_getdents64, fd, into, n, 0, 0, 0); }
static long sys_poll(struct pollfd *fds, u32 n, long millis) {
  struct __kernel_timespec t = {millis / 1000, millis % 1000 * 1000000};
  return CALL(__NR_ppoll, fds, n, millis < 0 ? 0 : &t, 0, 0, 0);
}
static u64 sys_millis(void) {
  struct __kernel_timespec t = {0, 0};
  CALL(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, &t, 0, 0, 0, 0);
  return (u64)t.tv_sec * 1000 + (u64)t.tv_nsec / 1000000;
}
static void sys_exit(int code) {
  for (;;) CALL(__NR_exit_group, code, 0, 0, 0, 0, 0);
}

/* Text and memory. The compiler calls these four by itself. */
void *memcpy(void *to, const void *from, u64 n) {
  u8 *t = to;
  const u8 *f = from;
  while (n--) *t++ = *f++;
  return to;
}
void *memset(void *to, int value, u64 n) {
  u8 *t = to;
  while (n--) *t++ = (u8)value;
  return to;
}
void *memmove(void *to, const void *from, u64 n) {
  u8 *t = to;
  const u8 *f = from;
  if (t <= f) return memcpy(to, from, n);
  while (n--) t[n] = f[n];
  return to;
}
int memcmp(const void *a, const void *b, u64 n) {
  const u8 *x = a, *y = b;
  for (; n; n--, x++, y++)
    if (*x != *y) return *x - *y;
  return 0;
}
static u64 length(const char *s) {
  u64 n = 0;
  while (s[n]) n++;
  return n;
}
static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}
static int begins(const char *s, const char *with) {
  while (*with)
    if (*s++ != *with++) return 0;
  return 1;
}
/* Appends to a text in a room of `size`; what does not fit is cut. */
static void add(char *to, u64 size, const char *what) {
  u64 at = length(to);
  while (*what && at + 1 < size) to[at++] = *what++;
  to[at] = 0;
}
static void add_number(char *to, u64 size, u64 value) {
  char digits[24];
  int at = 23;
  digits[at] = 0;
  do digits[--at] = (char)('0' + value % 10);
  while (value /= 10);
  add(to, size, digits + at);
}
static u64 number(const char *s) {
  u64 n = 0;
  while (*s >= '0' && *s <= '9') n = n * 10 + (u64)(*s++ - '0');
  return n;
}

/* Small files of the kernel. */
static long read_file(const char *path, char *into, u64 size) {
  long fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return fd;
  u64 at = 0;
  long n;
  while (at < size - 1 && (n = sys_read((int)fd, into + at, size - 1 - at)) > 0) at += (u64)n;
  into[at] = 0;
  sys_close((int)fd);
  return (long)at;
}
static long write_file(const char *path, const char *text) {
  long fd = sys_open(path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return fd;
  long n = sys_write((int)fd, text, length(text));
  sys_close((int)fd);
  return n < 0 ? n : 0;
}
/* The value of `KEY VALUE` in a file of such lines. */
static u64 value_of(const char *text, const char *key) {
  for (const char *at = text; *at;) {
    if (begins(at, key) && (at[length(key)] == ' ' || at[length(key)] == ':')) {
      at += length(key) + 1;
      while (*at == ' ' || *at == '\t') at++;
      return number(at);
    }
    while (*at && *at != '\n') at++;
    if (*at) at++;
  }
  return 0;
}

#endif
