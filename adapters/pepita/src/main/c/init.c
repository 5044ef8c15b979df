/*
 * PID 1 of a pepita machine. Loads what modules the command line names, waits for its host on the channel, takes the
 * configuration and files from it, starts the one program, and then is its supervisor's hand in the machine: passes on
 * signals, output, sd_notify messages, commands and figures, and at the end tells how it ended and powers the machine off.
 *
 * The kernel's command line: duende.load=WORD,…  groups of modules; duende.vsock=PORT  listen there instead of the
 * virtio-serial port named com.paiml.duende.
 *
 * Everything is bounded: the log is kept until the host has acknowledged it, and the program waits when LOG_ROOM is full.
 * There is no allocation; one thread; no C library. The host is trusted once it has proved itself, the program is not.
 */
#include "sys.h"
#include "sha256.h"
#include "poly1305.h"
#include "wire.h"

#include <linux/sockios.h>

/* linux/if.h, linux/route.h and linux/vm_sockets.h drag the C library's headers in: these three are theirs, x86-64 and aarch64. */
enum { IFF_UP = 1, RTF_UP = 1, RTF_GATEWAY = 2 };
struct ifreq {
  char name[16];
  union {
    short flags;
    u8 address[16];
    u8 room[24];
  };
};
struct rtentry {
  u64 pad1;
  u8 dst[16], gateway[16], genmask[16];
  u16 flags;
  short pad2;
  u64 pad3;
  void *pad4;
  short metric;
  char *dev;
  u64 mtu, window;
  u16 irtt;
};
struct sockaddr_vm {
  u16 family, reserved;
  u32 port, cid;
  u8 zero[4];
};
_Static_assert(sizeof(struct ifreq) == 40 && sizeof(struct rtentry) == 120 && sizeof(struct sockaddr_vm) == 16, "layout");

enum {
  CONFIG_ROOM = 1 << 20,
  LOG_ROOM = 1 << 20,
  OUT_ROOM = 1 << 19,
  OUT_FOR_BULK = 1 << 18, /* above this only answers are queued, not log or stream data */
  ARGS = 4096,
  EXECS = 8,
  STREAMS = 8,
  STREAM_ROOM = 1 << 16,
  KEPT_OUTPUT = 4096,
  READY_FD = 3
};
enum state { NEW, PREPARED, RUNNING, ENDING, ENDED };

static const char CGROUP[] = "/sys/fs/cgroup/duende";

static u8 secret[32];
static enum state state;
static int chan = -1, listener = -1, signals = -1, notify_socket = -1, log_pipe = -1, ready_pipe = -1;
static int session; /* 0 none, 1 has said hello, 2 has proved itself */
static u8 guest_nonce[16], host_nonce[16];

static u8 in[HEADER + BODY];
static u32 in_length;
static u8 out[OUT_ROOM];
static u32 out_at, out_length;

static char config[CONFIG_ROOM];
static u32 config_length;
static char *argv[ARGS], *envp[ARGS];
static const char *root = "/";
static char path[8192];

static u8 log_ring[LOG_ROOM];
static u64 log_oldest, log_end, log_sent;
static int log_wanted; /* the host has said from where */

static int main_pid, main_status, exit_told;
static u64 died_at;
static u32 off = LINUX_REBOOT_CMD_POWER_OFF;

static int shell_pid, shell_wanted;
static u64 shell_due;

struct exec {
  int pid, pipe, exited, status;
  u32 id, kept;
  u8 output[KEPT_OUTPUT];
};
static struct exec execs[EXECS];

struct stream {
  int fd;
  u32 id, credit, waiting, taken;
  u8 room[STREAM_ROOM];
};
static struct stream streams[STREAMS];

static struct {
  int fd;
  u32 id, mode;
  u64 left;
  u8 tag[16];
  struct poly sum;
  char path[4200];
} file = {.fd = -1};

/* --- saying ------------------------------------------------------------------------------------------------------- */

static void say(const char *what, const char *which, long error) {
  char line[256] = "duende-init: ";
  add(line, sizeof line, what);
  add(line, sizeof line, which);
  if (error < 0) {
    add(line, sizeof line, ": errno ");
    add_number(line, sizeof line, (u64)-error);
  }
  add(line, sizeof line, "\n");
  long fd = sys_open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK, 0);
  if (fd >= 0) {
    sys_write((int)fd, line, length(line));
    sys_close((int)fd);
  }
}

static void put32(u8 *to, u32 v) {
  for (int i = 0; i < 4; i++) to[i] = (u8)(v >> 8 * i);
}
static void put64(u8 *to, u64 v) {
  for (int i = 0; i < 8; i++) to[i] = (u8)(v >> 8 * i);
}
static u32 get32(const u8 *from) { return from[0] | (u32)from[1] << 8 | (u32)from[2] << 16 | (u32)from[3] << 24; }
static u64 get64(const u8 *from) { return get32(from) | (u64)get32(from + 4) << 32; }

/* Queues a frame whose body comes in two parts. Without a session, or when the host has stopped reading, it is dropped. */
static int send2(int kind, const void *one, u32 n, const void *two, u32 m) {
  if (out_at && out_length + HEADER + n + m > OUT_ROOM) {
    memmove(out, out + out_at, out_length - out_at);
    out_length -= out_at, out_at = 0;
  }
  if (session < (kind == HELLO_OK ? 1 : 2) || out_length + HEADER + n + m > OUT_ROOM) return 0;
  u8 *to = out + out_length;
  put32(to, MAGIC);
  put32(to + 4, (u32)kind | (n + m) << 8);
  memcpy(to + HEADER, one, n);
  memcpy(to + HEADER + n, two, m);
  out_length += HEADER + n + m;
  return 1;
}
static void send(int kind, const void *body, u32 n) { send2(kind, body, n, 0, 0); }
static u32 queued(void) { return out_length - out_at; }

static void failed(const char *what, const char *which, long error) {
  char text[512] = "";
  u8 number_of[4];
  add(text, sizeof text, what);
  add(text, sizeof text, which);
  put32(number_of, (u32)(error < 0 ? -error : 0));
  send2(FAILED, number_of, 4, text, (u32)length(text));
  say(what, which, error);
}

static void tell_state(void) {
  u8 body[21];
  body[0] = (u8)(state == ENDING ? RUNNING : state == ENDED ? 3 : state);
  put64(body + 1, log_oldest);
  put64(body + 9, log_end);
  put32(body + 17, (u32)main_pid);
  send(STATE, body, sizeof body);
}

/* --- the machine -------------------------------------------------------------------------------------------------- */

static long must_mount(const char *from, const char *on, const char *type, u64 flags, const char *data) {
  sys_mkdir(on, 0755);
  long e = sys_mount(from, on, type, flags, data);
  if (e < 0) say("cannot mount ", on, e);
  return e;
}

static const char *in_root(const char *below) {
  path[0] = 0;
  if (!same(root, "/")) add(path, sizeof path, root);
  add(path, sizeof path, below);
  return path;
}

static void make_parents(char *of) {
  for (char *at = of + 1; *at; at++)
    if (*at == '/') {
      *at = 0;
      sys_mkdir(of, 0755);
      *at = '/';
    }
}

static int word_in(const char *word, u64 n, const char *list) {
  for (const char *at = list; *at && *at != ' ' && *at != '\n';) {
    u64 m = 0;
    while (at[m] && at[m] != ',' && at[m] != ' ' && at[m] != '\n') m++;
    if (m == n && !memcmp(at, word, n)) return 1;
    at += m;
    if (*at == ',') at++;
  }
  return 0;
}

static const char *option(const char *cmdline, const char *name) {
  for (const char *at = cmdline; *at;) {
    if (begins(at, name)) return at + length(name);
    while (*at && *at != ' ') at++;
    while (*at == ' ') at++;
  }
  return "";
}

/* `MODULE.NAME=VALUE` of the command line, which the kernel itself gives only to what is built in. `file` is MODULE.ko. */
static void parameters_of(const char *file, const char *cmdline, char *into, u64 size) {
  char prefix[128] = "";
  add(prefix, sizeof prefix, file);
  prefix[length(prefix) - 3] = '.';
  prefix[length(prefix) - 2] = 0;
  into[0] = 0;
  for (const char *at = cmdline; *at;) {
    char word[512] = "";
    u64 n = 0;
    while (*at && *at != ' ' && *at != '\n' && n < sizeof word - 1) word[n++] = *at++;
    word[n] = 0;
    if (begins(word, prefix)) {
      add(into, size, word + length(prefix));
      add(into, size, " ");
    }
    while (*at == ' ' || *at == '\n') at++;
  }
}

/* /modules/list: lines of GROUP FILE, in the order in which they are to be loaded. */
static void load_modules(const char *groups, const char *cmdline) {
  static char list[16384], parameters[4096];
  if (!*groups || read_file("/modules/list", list, sizeof list) < 0) return;
  for (char *at = list; *at;) {
    char *group = at;
    while (*at && *at != ' ') at++;
    u64 n = (u64)(at - group);
    if (*at) at++;
    char *name = at;
    while (*at && *at != '\n') at++;
    if (*at) *at++ = 0;
    if (!word_in(group, n, groups)) continue;
    char from[256] = "/modules/";
    add(from, sizeof from, name);
    long fd = sys_open(from, O_RDONLY | O_CLOEXEC, 0);
    u64 l = length(from);
    int compressed = l > 3 && same(from + l - 3, ".xz") ? 4 /* MODULE_INIT_COMPRESSED_FILE */ : 0;
    parameters_of(name, cmdline, parameters, sizeof parameters);
    long e = fd < 0 ? fd : CALL(__NR_finit_module, fd, parameters, compressed, 0, 0, 0);
    if (e < 0 && e != -EEXIST) say("cannot load module ", name, e);
    if (fd >= 0) sys_close((int)fd);
  }
}

static void set_flags(int fd, const char *name, short flags) {
  struct ifreq r;
  memset(&r, 0, sizeof r);
  add(r.name, sizeof r.name, name);
  r.flags = flags;
  long e = CALL(__NR_ioctl, fd, SIOCSIFFLAGS, &r, 0, 0, 0);
  if (e < 0) say("cannot bring up ", name, e);
}

static u32 ip(const char *text) {
  u32 v = 0;
  for (int i = 0; i < 4; i++) {
    v |= (u32)(number(text) & 255) << 8 * i;
    while (*text >= '0' && *text <= '9') text++;
    if (*text == '.') text++;
  }
  return v;
}

static long address(int fd, u64 call, const char *text) {
  struct ifreq r;
  memset(&r, 0, sizeof r);
  add(r.name, sizeof r.name, "eth0");
  u16 family = 2; /* AF_INET */
  u32 a = ip(text);
  memcpy(r.address, &family, 2);
  memcpy(r.address + 4, &a, 4);
  return CALL(__NR_ioctl, fd, call, &r, 0, 0, 0);
}

/* `ADDRESS MASK GATEWAY`, or nothing: then there is only the loopback. */
static long set_up_network(const char *text) {
  long fd = CALL(__NR_socket, 2, 2 /* SOCK_DGRAM */, 0, 0, 0, 0);
  if (fd < 0) return fd;
  set_flags((int)fd, "lo", IFF_UP);
  long e = 0;
  if (*text) {
    const char *mask = text;
    while (*mask && *mask != ' ') mask++;
    const char *gate = *mask ? mask + 1 : mask;
    while (*gate && *gate != ' ') gate++;
    e = address((int)fd, SIOCSIFADDR, text);
    if (e >= 0) e = address((int)fd, SIOCSIFNETMASK, mask + 1);
    if (e >= 0) set_flags((int)fd, "eth0", IFF_UP);
    struct rtentry route;
    memset(&route, 0, sizeof route);
    u16 family = 2;
    u32 g = ip(gate + 1);
    memcpy(route.dst, &family, 2);
    memcpy(route.genmask, &family, 2);
    memcpy(route.gateway, &family, 2);
    memcpy(route.gateway + 4, &g, 4);
    route.flags = RTF_UP | RTF_GATEWAY;
    if (e >= 0) e = CALL(__NR_ioctl, fd, SIOCADDRT, &route, 0, 0, 0);
  }
  sys_close((int)fd);
  return e;
}

/* --- configuration ------------------------------------------------------------------------------------------------ */

/* The next record of that key after `*at`, or null at the end. */
static char *next(char key, u32 *at) {
  while (*at + 5 < config_length) {
    char found = config[*at];
    u32 n = get32((u8 *)config + *at + 1);
    char *text = config + *at + 5;
    if (n >= config_length - *at - 5 || text[n]) return 0;
    *at += 5 + n + 1;
    if (found == key) return text;
  }
  return 0;
}
static const char *only(char key) {
  u32 at = 0;
  const char *found = next(key, &at);
  return found ? found : "";
}

static long mount_root(const char *how) {
  static const char *const types[] = {"ext4", "squashfs", "erofs", 0};
  int writable = same(how, "rw");
  const char *on = writable ? "/root" : "/lower";
  long e = -ENODEV;
  for (int i = 0; types[i]; i++) {
    sys_mkdir(on, 0755);
    e = sys_mount("/dev/vda", on, types[i], writable ? 0 : MS_RDONLY, "");
    if (e >= 0) break;
  }
  if (e < 0) return e;
  if (!writable) {
    if ((e = must_mount("up", "/up", "tmpfs", 0, "")) < 0) return e;
    sys_mkdir("/up/upper", 0755);
    sys_mkdir("/up/work", 0755);
    e = must_mount("overlay", "/root", "overlay", 0, "lowerdir=/lower,upperdir=/up/upper,workdir=/up/work");
    if (e < 0) return e;
  }
  root = "/root";
  static const char *const folders[] = {"/proc", "/sys", "/dev", "/tmp", "/run", 0};
  static const char *const kinds[] = {"proc", "sysfs", "devtmpfs", "tmpfs", "tmpfs", 0};
  for (int i = 0; folders[i]; i++) {
    e = must_mount(kinds[i], in_root(folders[i]), kinds[i], 0, "");
    if (e < 0) return e;
  }
  sys_chmod(in_root("/tmp"), 01777);
  must_mount("devpts", in_root("/dev/pts"), "devpts", 0, "");
  return 0;
}

static long listen_for_notes(void) {
  struct sockaddr_un a;
  memset(&a, 0, sizeof a);
  a.sun_family = 1; /* AF_UNIX */
  sys_mkdir(in_root("/run"), 0755);
  sys_mkdir(in_root("/run/duende"), 0755);
  add(a.sun_path, sizeof a.sun_path, in_root("/run/duende/notify"));
  long fd = CALL(__NR_socket, 1, 2 | O_NONBLOCK | O_CLOEXEC, 0, 0, 0, 0);
  if (fd < 0) return fd;
  long e = CALL(__NR_bind, fd, &a, sizeof a, 0, 0, 0);
  if (e < 0) return e;
  sys_chmod(a.sun_path, 0666);
  notify_socket = (int)fd;
  return 0;
}

static void prepare(void) {
  long e;
  if (state != NEW) {
    failed("configured twice", "", -EBUSY);
    return;
  }
  const char *how = only('R');
  if (*how && (e = mount_root(how)) < 0) {
    failed("the root file system cannot be mounted", "", e);
    return;
  }
  if (*only('I') && (e = must_mount(only('I'), "/files", "ext4", MS_RDONLY, "")) < 0) {
    failed("the image with the files cannot be mounted", "", e);
    return;
  }
  u32 at = 0;
  for (char *folder; (folder = next('F', &at));) {
    char below[4200] = "";
    add(below, sizeof below, in_root(folder));
    make_parents(below);
    sys_mkdir(below, 0755);
  }
  const char *host = only('H');
  CALL(__NR_sethostname, host, length(host), 0, 0, 0, 0);
  if ((e = set_up_network(only('N'))) < 0) {
    failed("the network cannot be set up", "", e);
    return;
  }
  if ((e = listen_for_notes()) < 0) {
    failed("no socket for sd_notify", "", e);
    return;
  }
  must_mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, "");
  if (!same(root, "/")) must_mount("cgroup2", in_root("/sys/fs/cgroup"), "cgroup2", 0, "");
  write_file("/sys/fs/cgroup/cgroup.subtree_control", "+cpu +memory +pids +io");
  if ((e = sys_mkdir(CGROUP, 0755)) < 0 || (e = sys_mkdir("/sys/fs/cgroup/duende/main", 0755)) < 0) {
    failed("no control group", "", e);
    return;
  }
  shell_wanted = *only('C') != 0;
  state = PREPARED;
  tell_state();
}

/* --- files --------------------------------------------------------------------------------------------------------- */

static void close_file(void) {
  if (file.fd >= 0) sys_close(file.fd);
  file.fd = -1;
}

static void finish_file(void) {
  u8 sum[16], id[4];
  poly_end(&file.sum, sum);
  if (memcmp(sum, file.tag, 16)) {
    failed("is not what was sent, by its Poly1305: ", file.path, -EBADMSG);
    close_file();
    sys_unlink(file.path);
    return;
  }
  close_file();
  put32(id, file.id);
  send(FILE_OK, id, 4);
}

static int take_header(const u8 *body, u32 n) {
  if (n < 65 || n - 64 >= sizeof file.path - 16) return 0;
  close_file();
  file.id = get32(body);
  file.mode = get32(body + 4);
  file.left = get64(body + 8);
  poly_begin(&file.sum, body + 16);
  memcpy(file.tag, body + 48, 16);
  file.path[0] = 0;
  if (!same(root, "/")) add(file.path, sizeof file.path, root);
  u64 at = length(file.path);
  memcpy(file.path + at, body + 64, n - 64);
  file.path[at + n - 64] = 0;
  make_parents(file.path);
  return 1;
}

static void begin_file(const u8 *body, u32 n) {
  if (!take_header(body, n)) return;
  long fd = sys_open(file.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) {
    failed("cannot be written: ", file.path, fd);
    return;
  }
  file.fd = (int)fd;
  sys_chmod(file.path, (int)(file.mode & 07777));
  if (!file.left) finish_file();
}

static void file_data(const u8 *body, u32 n) {
  if (n < 4 || file.fd < 0 || get32(body) != file.id || n - 4 > file.left) return;
  poly_add(&file.sum, body + 4, n - 4);
  for (u32 at = 4; at < n;) {
    long e = sys_write(file.fd, body + at, n - at);
    if (e <= 0) {
      failed("cannot be written: ", file.path, e ? e : -ENOSPC);
      close_file();
      return;
    }
    at += (u32)e;
  }
  file.left -= n - 4;
  if (!file.left) finish_file();
}

/* A file of the image is checked where it lies and bound to its place. */
static void file_of_image(const u8 *body, u32 n) {
  static u8 piece[65536];
  if (!take_header(body, n)) return;
  char from[64] = "/files/";
  add_number(from, sizeof from, file.id);
  long fd = sys_open(from, O_RDONLY | O_CLOEXEC, 0), got;
  if (fd < 0) {
    failed("is not in the image: ", file.path, fd);
    return;
  }
  while ((got = sys_read((int)fd, piece, sizeof piece)) > 0) poly_add(&file.sum, piece, (u64)got);
  sys_close((int)fd);
  long place = sys_open(file.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (place >= 0) sys_close((int)place);
  long e = place < 0 ? place : sys_mount(from, file.path, "", MS_BIND, "");
  if (e < 0) failed("cannot be bound to its place: ", file.path, e);
  else finish_file();
}

/* --- the program --------------------------------------------------------------------------------------------------- */

static int vector(char key, char **into) {
  u32 at = 0;
  int n = 0;
  char *text;
  while (n < ARGS - 1 && (text = next(key, &at))) into[n++] = text;
  into[n] = 0;
  return next(key, &at) == 0;
}

/* Field number `field` of the line of that name in a file like passwd(5); -1 when there is none. A number is its own. */
static long look_up(const char *where, const char *name, int field) {
  static char text[65536];
  if (*name >= '0' && *name <= '9') return (long)number(name);
  if (read_file(in_root(where), text, sizeof text) < 0) return -1;
  for (char *at = text; *at;) {
    u64 n = length(name);
    if (begins(at, name) && at[n] == ':') {
      for (int i = 0; i < field && *at && *at != '\n';)
        if (*at++ == ':') i++;
      return (long)number(at);
    }
    while (*at && *at != '\n') at++;
    if (*at) at++;
  }
  return -1;
}

struct fault {
  int step;
  int error;
};
static const char *const steps[] = {"its control group cannot be joined", "its streams", "its limit on descriptors",
                                    "its root", "its working directory", "its user is not known in the guest",
                                    "its group", "its user", "its privileges", "its program cannot be executed"};

/* In the child: everything up to the execve, and it. Returns only when that failed. */
static struct fault become(const char *group, int stdout_fd, char **args) {
  u64 none = 0;
  long e;
  CALL(__NR_setsid, 0, 0, 0, 0, 0, 0);
  CALL(__NR_rt_sigprocmask, 2 /* SIG_SETMASK */, &none, 0, 8, 0, 0);
  char procs[128];
  procs[0] = 0;
  add(procs, sizeof procs, group);
  add(procs, sizeof procs, "/cgroup.procs");
  if ((e = write_file(procs, "0")) < 0) return (struct fault){0, (int)-e};
  if ((e = sys_open("/dev/null", O_RDONLY | O_CLOEXEC, 0)) < 0) return (struct fault){1, (int)-e};
  sys_dup3((int)e, 0, 0);
  sys_dup3(stdout_fd, 1, 0);
  sys_dup3(stdout_fd, 2, 0);
  write_file("/proc/self/oom_score_adj", "0");
  u64 files = number(only('O'));
  struct rlimit64 {
    u64 soft, hard;
  } limit = {files, files};
  if (files && (e = CALL(__NR_prlimit64, 0, RLIMIT_NOFILE, &limit, 0, 0, 0)) < 0) return (struct fault){2, (int)-e};
  long uid = 0, gid = 0;
  const char *user = only('U'), *group_name = only('G');
  if (*user) {
    uid = look_up("/etc/passwd", user, 2);
    gid = *user >= '0' && *user <= '9' ? uid : look_up("/etc/passwd", user, 3);
    if (uid < 0) return (struct fault){5, ENOENT};
  }
  if (*group_name && (gid = look_up("/etc/group", group_name, 2)) < 0) return (struct fault){6, ENOENT};
  if (!same(root, "/") && (e = sys_chroot(root)) < 0) return (struct fault){3, (int)-e};
  const char *folder = only('W');
  if ((e = sys_chdir(*folder ? folder : "/")) < 0) return (struct fault){4, (int)-e};
  if (*user || *group_name) {
    if ((e = CALL(__NR_setgroups, 0, 0, 0, 0, 0, 0)) < 0) return (struct fault){6, (int)-e};
    if ((e = CALL(__NR_setresgid, gid, gid, gid, 0, 0, 0)) < 0) return (struct fault){6, (int)-e};
    if ((e = CALL(__NR_setresuid, uid, uid, uid, 0, 0, 0)) < 0) return (struct fault){7, (int)-e};
  }
  if (*only('M')) {
    u32 mask = 0;
    for (const char *at = only('M'); *at >= '0' && *at <= '7'; at++) mask = mask * 8 + (u32)(*at - '0');
    CALL(__NR_umask, mask, 0, 0, 0, 0, 0);
  }
  if (*only('P') && (e = CALL(__NR_prctl, 38 /* PR_SET_NO_NEW_PRIVS */, 1, 0, 0, 0, 0)) < 0)
    return (struct fault){8, (int)-e};
  e = sys_execve(args[0], args, envp);
  return (struct fault){9, (int)-e};
}

static void start(void) {
  int output[2], fault_pipe[2], ready[2] = {-1, -1};
  struct fault fault;
  if (state != PREPARED) {
    failed("told to start when it could not be", "", -EBUSY);
    return;
  }
  if (!vector('A', argv) || !vector('E', envp) || !argv[0]) {
    failed("too many arguments or variables", "", -E2BIG);
    return;
  }
  sys_pipe2(output, O_CLOEXEC);
  sys_pipe2(fault_pipe, O_CLOEXEC);
  /* READY_FD must not be one of init's own that the child still needs. */
  if (*only('D')) sys_pipe2(ready, O_CLOEXEC);
  long pid = sys_fork();
  if (pid == 0) {
    if (ready[1] >= 0) {
      long moved = sys_fcntl(fault_pipe[1], 1030 /* F_DUPFD_CLOEXEC */, 16);
      long moved_out = sys_fcntl(output[1], 1030, 16);
      sys_dup3(ready[1], (int)number(only('D')), 0);
      fault = become("/sys/fs/cgroup/duende/main", (int)moved_out, argv);
      sys_write((int)moved, &fault, sizeof fault);
    } else {
      fault = become("/sys/fs/cgroup/duende/main", output[1], argv);
      sys_write(fault_pipe[1], &fault, sizeof fault);
    }
    sys_exit(127);
  }
  sys_close(output[1]);
  sys_close(fault_pipe[1]);
  if (ready[1] >= 0) sys_close(ready[1]);
  long got = pid < 0 ? 0 : sys_read(fault_pipe[0], &fault, sizeof fault);
  sys_close(fault_pipe[0]);
  if (pid < 0 || got == (long)sizeof fault) {
    sys_close(output[0]);
    if (ready[0] >= 0) sys_close(ready[0]);
    if (pid < 0) failed("it cannot be forked", "", pid);
    else failed(steps[fault.step], "", -fault.error);
    return;
  }
  log_pipe = output[0];
  ready_pipe = ready[0];
  sys_fcntl(log_pipe, F_SETFL, O_NONBLOCK);
  if (ready_pipe >= 0) sys_fcntl(ready_pipe, F_SETFL, O_NONBLOCK);
  main_pid = (int)pid;
  state = RUNNING;
  u8 body[4];
  put32(body, (u32)pid);
  send(STARTED, body, 4);
}

/* A shell of the guest on the serial console, outside the program's control group; a new one when it ends. */
static void keep_shell(void) {
  if (!shell_wanted || shell_pid || sys_millis() < shell_due) return;
  shell_due = sys_millis() + 1000;
  long pid = sys_fork();
  if (pid == 0) {
    u64 none = 0;
    char *words[] = {"/bin/sh", "-i", 0};
    char *environment[] = {"PATH=/bin:/sbin:/usr/bin:/usr/sbin", "TERM=vt100", "HOME=/", 0};
    CALL(__NR_setsid, 0, 0, 0, 0, 0, 0);
    CALL(__NR_rt_sigprocmask, 2, &none, 0, 8, 0, 0);
    long fd = sys_open("/dev/ttyS0", O_RDWR, 0);
    if (fd < 0) sys_exit(1);
    CALL(__NR_ioctl, fd, 0x540e /* TIOCSCTTY */, 0, 0, 0, 0);
    for (int i = 0; i < 3; i++) sys_dup3((int)fd, i, 0);
    if (!same(root, "/")) sys_chroot(root);
    sys_chdir("/");
    sys_execve(words[0], words, environment);
    sys_exit(1);
  }
  shell_pid = pid > 0 ? (int)pid : 0;
}

static int populated(const char *group) {
  char name[128] = "", text[128];
  add(name, sizeof name, group);
  add(name, sizeof name, "/cgroup.events");
  return read_file(name, text, sizeof text) > 0 && value_of(text, "populated");
}

static void kill_group(const char *group) {
  char name[128] = "";
  add(name, sizeof name, group);
  add(name, sizeof name, "/cgroup.kill");
  write_file(name, "1");
}

static const char *exec_group(u32 id) {
  static char name[128];
  name[0] = 0;
  add(name, sizeof name, "/sys/fs/cgroup/duende/exec");
  add_number(name, sizeof name, id);
  return name;
}

static void begin_exec(u8 *body, u32 n) {
  static char *words[ARGS];
  static char text[BODY + 1];
  int count = 0, two[2];
  struct exec *x = 0;
  if (n < 6 || state != RUNNING) return;
  for (int i = 0; i < EXECS && !x; i++)
    if (!execs[i].pid) x = &execs[i];
  u8 answer[8];
  memcpy(answer, body, 4);
  put32(answer + 4, 126);
  memcpy(text, body + 4, n - 4);
  text[n - 4] = 0;
  for (u32 at = 0; at < n - 4 && count < ARGS - 1; at += (u32)length(text + at) + 1) words[count++] = text + at;
  words[count] = 0;
  if (!x || sys_pipe2(two, O_CLOEXEC) < 0) {
    static const char busy[] = "too many commands run in the guest at once\n";
    send2(EXEC_DONE, answer, 8, busy, sizeof busy - 1);
    return;
  }
  x->id = get32(body);
  sys_mkdir(exec_group(x->id), 0755);
  long pid = sys_fork();
  if (pid == 0) {
    struct fault fault = become(exec_group(x->id), two[1], words);
    char why[128] = "";
    add(why, sizeof why, steps[fault.step]);
    add(why, sizeof why, ": errno ");
    add_number(why, sizeof why, (u64)fault.error);
    add(why, sizeof why, "\n");
    sys_write(2, why, length(why));
    sys_exit(fault.error == ENOENT ? 127 : 126);
  }
  sys_close(two[1]);
  sys_fcntl(two[0], F_SETFL, O_NONBLOCK);
  x->pid = (int)pid;
  x->pipe = two[0];
  x->kept = 0;
  x->exited = pid < 0;
  x->status = 126 << 8;
}

static void read_exec(struct exec *x) {
  u8 piece[4096];
  long n;
  while (x->pipe >= 0 && (n = sys_read(x->pipe, piece, sizeof piece)) != -EAGAIN) {
    if (n <= 0) {
      sys_close(x->pipe);
      x->pipe = -1;
      break;
    }
    u32 take = KEPT_OUTPUT - x->kept < (u32)n ? KEPT_OUTPUT - x->kept : (u32)n;
    memcpy(x->output + x->kept, piece, take);
    x->kept += take;
  }
}

static int code_of(int status) { return (status & 127) ? 128 + (status & 127) : status >> 8 & 255; }

static void finish_execs(void) {
  for (int i = 0; i < EXECS; i++) {
    struct exec *x = &execs[i];
    if (!x->pid || !x->exited) continue;
    const char *group = exec_group(x->id);
    read_exec(x);
    if (populated(group)) {
      kill_group(group);
      continue;
    }
    read_exec(x);
    if (x->pipe >= 0) sys_close(x->pipe);
    CALL(__NR_unlinkat, AT_FDCWD, group, 0x200 /* AT_REMOVEDIR */, 0, 0, 0);
    u8 body[8];
    put32(body, x->id);
    put32(body + 4, (u32)code_of(x->status));
    send2(EXEC_DONE, body, 8, x->output, x->kept);
    x->pid = 0;
  }
}

static void reap(void) {
  int status;
  long pid;
  while ((pid = sys_wait(&status, WNOHANG)) > 0) {
    if (pid == shell_pid) shell_pid = 0;
    for (int i = 0; i < EXECS; i++)
      if (execs[i].pid == pid) execs[i].exited = 1, execs[i].status = status;
    if (pid == main_pid && state == RUNNING) {
      main_status = status;
      state = ENDING;
      died_at = sys_millis();
      kill_group(CGROUP);
    }
  }
}

/* --- log ----------------------------------------------------------------------------------------------------------- */

static void read_log(void) {
  while (log_pipe >= 0) {
    u64 room = LOG_ROOM - (log_end - log_oldest), at = log_end % LOG_ROOM;
    if (room > LOG_ROOM - at) room = LOG_ROOM - at;
    if (!room) return;
    long n = sys_read(log_pipe, log_ring + at, room);
    if (n == -EAGAIN) {
      /* All who could write are gone, though somebody outside the group may have the pipe. */
      if (state != ENDING || populated(CGROUP)) return;
      n = 0;
    }
    if (n <= 0) {
      sys_close(log_pipe);
      log_pipe = -1;
      return;
    }
    log_end += (u64)n;
  }
}

static void send_log(void) {
  while (session == 2 && log_wanted && log_sent < log_end && queued() < OUT_FOR_BULK) {
    u64 at = log_sent % LOG_ROOM, n = log_end - log_sent;
    u8 position[8];
    if (n > BODY - 8) n = BODY - 8;
    if (n > LOG_ROOM - at) n = LOG_ROOM - at;
    put64(position, log_sent);
    if (!send2(LOG, position, 8, log_ring + at, (u32)n)) return;
    log_sent += n;
  }
}

static u64 kills_for_memory(void) {
  char text[512];
  return read_file("/sys/fs/cgroup/duende/memory.events", text, sizeof text) > 0 ? value_of(text, "oom_kill") : 0;
}

static void tell_end(void) {
  if (state == ENDING) {
    if (populated(CGROUP)) {
      if (sys_millis() - died_at > 20) kill_group(CGROUP);
      return;
    }
    read_log();
    if (log_pipe >= 0) return;
    state = ENDED;
    CALL(__NR_sync, 0, 0, 0, 0, 0, 0);
  }
  if (state != ENDED || session != 2 || exit_told || !log_wanted || log_sent < log_end) return;
  u8 body[14];
  int signal = main_status & 127;
  body[0] = signal ? 2 : 1;
  put32(body + 1, (u32)(signal ? signal : main_status >> 8 & 255));
  body[5] = (u8)(signal && main_status & 128 ? 1 : 0);
  put64(body + 6, kills_for_memory());
  exit_told = 1;
  send(EXIT, body, sizeof body);
}

static void power_off(void) {
  CALL(__NR_sync, 0, 0, 0, 0, 0, 0);
  if (!same(root, "/")) sys_mount("", in_root(""), "", MS_REMOUNT | MS_RDONLY, "");
  sys_umount("/lower");
  CALL(__NR_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, off, 0, 0, 0);
}

/* --- limits and figures -------------------------------------------------------------------------------------------- */

static void limits(u8 *body, u32 n) {
  static char answer[BODY], text[BODY + 1], value[4096];
  if (n < 4) return;
  memcpy(text, body + 4, n - 4);
  text[n - 4] = 0;
  answer[0] = 0;
  for (char *at = text; *at;) {
    char *key = at, *wanted = 0;
    while (*at && *at != '\n') {
      if (*at == '=' && !wanted) *at = 0, wanted = at + 1;
      at++;
    }
    if (*at) *at++ = 0;
    if (!wanted) continue;
    long e = 0;
    value[0] = 0;
    if (same(key, "nofile")) {
      struct {
        u64 soft, hard;
      } limit = {number(wanted), number(wanted)};
      if (*wanted) e = CALL(__NR_prlimit64, main_pid, RLIMIT_NOFILE, &limit, 0, 0, 0);
      if (e >= 0) e = CALL(__NR_prlimit64, main_pid, RLIMIT_NOFILE, 0, &limit, 0, 0);
      if (e >= 0) add_number(value, sizeof value, limit.soft);
    } else {
      char name[256] = "";
      add(name, sizeof name, CGROUP);
      add(name, sizeof name, "/");
      add(name, sizeof name, key);
      if (*wanted) e = write_file(name, wanted);
      if (e >= 0) e = read_file(name, value, sizeof value);
      for (char *c = value; *c; c++)
        if (*c == '\n') *c = *(c + 1) ? ';' : 0;
    }
    add(answer, sizeof answer - 8, key);
    if (e < 0) {
      add(answer, sizeof answer - 8, "!");
      add_number(answer, sizeof answer - 8, (u64)-e);
    } else {
      add(answer, sizeof answer - 8, "=");
      add(answer, sizeof answer - 8, value);
    }
    add(answer, sizeof answer - 8, "\n");
  }
  send2(LIMITS_ARE, body, 4, answer, (u32)length(answer));
}

static u64 entries(const char *folder) {
  static u8 room[8192];
  u64 count = 0;
  long fd = sys_open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), n;
  if (fd < 0) return 0;
  while ((n = sys_getdents((int)fd, room, sizeof room)) > 0)
    for (long at = 0; at < n; at += *(u16 *)(room + at + 16)) count++;
  sys_close((int)fd);
  return count < 2 ? 0 : count - 2;
}

static void usage(u8 *body, u32 n) {
  static char text[65536], status[4096];
  u8 answer[4 + 13 * 8];
  u64 f[13];
  if (n < 4) return;
  memset(f, 0, sizeof f);
  if (read_file("/sys/fs/cgroup/duende/cpu.stat", text, sizeof text) > 0) f[0] = value_of(text, "usage_usec") * 1000;
  if (read_file("/sys/fs/cgroup/duende/memory.current", text, sizeof text) > 0) f[1] = number(text);
  if (read_file("/sys/fs/cgroup/duende/pids.current", text, sizeof text) > 0) f[3] = number(text);
  if (read_file("/sys/fs/cgroup/duende/main/cgroup.procs", text, sizeof text) > 0)
    for (char *at = text; *at;) {
      char name[64] = "/proc/";
      add_number(name, sizeof name, number(at));
      u64 l = length(name);
      add(name, sizeof name, "/fd");
      f[4] += entries(name);
      name[l] = 0;
      add(name, sizeof name, "/status");
      if (read_file(name, status, sizeof status) > 0) {
        f[9] += value_of(status, "voluntary_ctxt_switches");
        f[10] += value_of(status, "nonvoluntary_ctxt_switches");
      }
      f[2]++;
      while (*at && *at != '\n') at++;
      if (*at) at++;
    }
  if (read_file("/sys/fs/cgroup/duende/io.stat", text, sizeof text) > 0)
    for (char *at = text; *at; at++) {
      if (begins(at, "rbytes=")) f[5] += number(at + 7);
      if (begins(at, "wbytes=")) f[6] += number(at + 7);
    }
  if (read_file("/sys/class/net/eth0/statistics/rx_bytes", text, sizeof text) > 0) f[7] = number(text);
  if (read_file("/sys/class/net/eth0/statistics/tx_bytes", text, sizeof text) > 0) f[8] = number(text);
  f[11] = kills_for_memory();
  if (read_file("/proc/meminfo", text, sizeof text) > 0) f[12] = value_of(text, "MemTotal") * 1024;
  memcpy(answer, body, 4);
  for (int i = 0; i < 13; i++) put64(answer + 4 + 8 * i, f[i]);
  send(USAGE_IS, answer, sizeof answer);
}

/* --- streams to unix sockets of the program ------------------------------------------------------------------------ */

static struct stream *stream_of(u32 id) {
  for (int i = 0; i < STREAMS; i++)
    if (streams[i].fd > 0 && streams[i].id == id) return &streams[i];
  return 0;
}

static void close_stream(struct stream *s, int tell) {
  u8 body[4];
  put32(body, s->id);
  sys_close(s->fd);
  s->fd = 0;
  if (tell) send(STREAM_CLOSE, body, 4);
}

static void open_stream(u8 *body, u32 n) {
  u8 answer[8];
  struct sockaddr_un a;
  struct stream *s = 0;
  long e = -EMFILE;
  if (n < 5) return;
  for (int i = 0; i < STREAMS && !s; i++)
    if (streams[i].fd <= 0) s = &streams[i];
  memset(&a, 0, sizeof a);
  a.sun_family = 1;
  body[n < BODY ? n : BODY - 1] = 0;
  add(a.sun_path, sizeof a.sun_path, in_root((char *)body + 4));
  if (s) {
    long fd = e = CALL(__NR_socket, 1, 1 | O_CLOEXEC, 0, 0, 0, 0);
    if (fd >= 0 && (e = CALL(__NR_connect, fd, &a, sizeof a, 0, 0, 0)) < 0) sys_close((int)fd);
    if (e >= 0) {
      sys_fcntl((int)fd, F_SETFL, O_NONBLOCK);
      s->fd = (int)fd;
      s->id = get32(body);
      s->credit = STREAM_ROOM;
      s->waiting = s->taken = 0;
    }
  }
  memcpy(answer, body, 4);
  put32(answer + 4, (u32)(e < 0 ? -e : 0));
  send(STREAM_OPENED, answer, 8);
}

static void write_stream(struct stream *s) {
  u32 at = 0;
  while (at < s->waiting) {
    long e = CALL(__NR_sendto, s->fd, s->room + at, s->waiting - at, 0x4000 /* MSG_NOSIGNAL */, 0, 0);
    if (e == -EAGAIN) break;
    if (e <= 0) {
      close_stream(s, 1);
      return;
    }
    at += (u32)e;
  }
  memmove(s->room, s->room + at, s->waiting - at);
  s->waiting -= at;
  s->taken += at;
  if (s->taken) {
    u8 body[8];
    put32(body, s->id);
    put32(body + 4, s->taken);
    if (send2(STREAM_CREDIT, body, 8, 0, 0)) s->taken = 0;
  }
}

static void read_stream(struct stream *s) {
  static u8 piece[16384];
  while (s->credit && queued() < OUT_FOR_BULK) {
    u8 id[4];
    put32(id, s->id);
    long n = sys_read(s->fd, piece, s->credit < sizeof piece ? s->credit : sizeof piece);
    if (n == -EAGAIN) return;
    if (n <= 0) {
      close_stream(s, 1);
      return;
    }
    if (!send2(STREAM_DATA, id, 4, piece, (u32)n)) {
      close_stream(s, 1);
      return;
    }
    s->credit -= (u32)n;
  }
}

/* --- standing still --------------------------------------------------------------------------------------------------- */

static const char FREEZE[] = "/sys/fs/cgroup/duende/cgroup.freeze";

static int frozen(void) {
  char text[128];
  return read_file("/sys/fs/cgroup/duende/cgroup.events", text, sizeof text) > 0 && value_of(text, "frozen");
}

/* The program stands still before the machine does, so that in a snapshot it is at rest: taken up again, it sees neither
 * the old time nor random numbers that another life of it has seen. */
static void hold(const u8 *body, u32 n) {
  u8 answer[8];
  if (n != 4) return;
  long e = state == RUNNING ? write_file(FREEZE, "1") : -ESRCH;
  for (u64 begin = sys_millis(); e >= 0 && !frozen();) {
    if (sys_millis() - begin > 5000) e = -ETIMEDOUT;
    else sys_poll(0, 0, 2);
  }
  if (e < 0) write_file(FREEZE, "0");
  read_log();
  send_log();
  memcpy(answer, body, 4);
  put32(answer + 4, (u32)(e < 0 ? -e : 0));
  send(HELD, answer, 8);
}

/* 32 bytes of randomness, counted as such. */
static long stir(const u8 *bytes, int reseed) {
  struct {
    int bits, size;
    u8 bytes[32];
  } seed = {256, 32, {0}};
  memcpy(seed.bytes, bytes, 32);
  long fd = sys_open("/dev/urandom", O_WRONLY | O_CLOEXEC, 0);
  long e = fd < 0 ? fd : CALL(__NR_ioctl, fd, 0x40085203 /* RNDADDENTROPY */, &seed, 0, 0, 0);
  if (e >= 0 && reseed) e = CALL(__NR_ioctl, fd, 0x5207 /* RNDRESEEDCRNG */, 0, 0, 0, 0);
  if (fd >= 0) sys_close((int)fd);
  return e;
}

static void go_on(const u8 *body, u32 n) {
  struct __kernel_timespec now = {0, 0};
  if (n != 40) return;
  u64 told = get64(body);
  CALL(__NR_clock_gettime, 0 /* CLOCK_REALTIME */, &now, 0, 0, 0, 0);
  u64 mine = (u64)now.tv_sec * 1000000000 + (u64)now.tv_nsec;
  /* What the channel takes is no reason to step it. */
  if ((mine > told ? mine - told : told - mine) > 50000000) {
    now.tv_sec = (long long)(told / 1000000000);
    now.tv_nsec = (long long)(told % 1000000000);
    long e = CALL(__NR_clock_settime, 0, &now, 0, 0, 0, 0);
    if (e < 0) say("the clock cannot be set", "", e);
  }
  long e = stir(body + 8, 1);
  if (e < 0) say("the machine's randomness has no new seed", "", e);
  if (state == RUNNING) write_file(FREEZE, "0");
}

/* --- session ------------------------------------------------------------------------------------------------------- */

static void forget_session(void) {
  session = 0;
  in_length = out_at = out_length = 0;
  log_wanted = exit_told = 0;
  for (int i = 0; i < STREAMS; i++)
    if (streams[i].fd > 0) close_stream(&streams[i], 0);
}

static void hello(const u8 *body, u32 n) {
  u8 answer[50];
  if (n != 18) return;
  forget_session();
  session = 1;
  memcpy(host_nonce, body + 2, 16);
  CALL(__NR_getrandom, guest_nonce, 16, 1 /* GRND_NONBLOCK */, 0, 0, 0);
  answer[0] = VERSION, answer[1] = 0;
  memcpy(answer + 2, guest_nonce, 16);
  prove(secret, "guest", host_nonce, guest_nonce, answer + 18);
  send(HELLO_OK, answer, sizeof answer);
}

static void authenticate(const u8 *body, u32 n) {
  u8 expected[32], differ = 0;
  prove(secret, "host", guest_nonce, host_nonce, expected);
  if (session != 1 || n != 32) return;
  for (int i = 0; i < 32; i++) differ |= expected[i] ^ body[i];
  if (differ) {
    session = 0;
    say("somebody on the channel does not know the secret", "", 0);
    return;
  }
  session = 2;
  tell_state();
}

static void take(int kind, u8 *body, u32 n) {
  struct stream *s;
  if (kind == HELLO) hello(body, n);
  else if (kind == AUTH) authenticate(body, n);
  if (session != 2) return;
  switch (kind) {
    case CONFIG:
      if (state == NEW && n <= CONFIG_ROOM - config_length) {
        memcpy(config + config_length, body, n);
        config_length += n;
      } else failed("too long a configuration", "", -E2BIG);
      break;
    case PREPARE: prepare(); break;
    case FILE_BEGIN: begin_file(body, n); break;
    case FILE_DATA: file_data(body, n); break;
    case FILE_IMAGE: file_of_image(body, n); break;
    case START: start(); break;
    case SIGNAL:
      if (n == 1 && state == RUNNING) sys_kill(main_pid, body[0]);
      break;
    case LOG_ACK:
      if (n == 8) {
        u64 to = get64(body);
        if (to > log_oldest && to <= log_end) log_oldest = to;
        if (!log_wanted) log_sent = log_oldest, log_wanted = 1;
      }
      break;
    case EXEC: begin_exec(body, n); break;
    case EXEC_KILL:
      if (n == 4) kill_group(exec_group(get32(body)));
      break;
    case LIMITS: limits(body, n); break;
    case USAGE: usage(body, n); break;
    case EXIT_ACK:
      if (state == ENDED) power_off();
      break;
    case STREAM_OPEN: open_stream(body, n); break;
    case STREAM_DATA:
      if (n >= 4 && (s = stream_of(get32(body))) && n - 4 <= STREAM_ROOM - s->waiting) {
        memcpy(s->room + s->waiting, body + 4, n - 4);
        s->waiting += n - 4;
        write_stream(s);
      }
      break;
    case STREAM_CLOSE:
      if (n == 4 && (s = stream_of(get32(body)))) close_stream(s, 0);
      break;
    case STREAM_CREDIT:
      if (n == 8 && (s = stream_of(get32(body)))) s->credit += get32(body + 4);
      break;
    case ECHO: send(ECHOED, body, n); break;
    case HOLD: hold(body, n); break;
    case GO_ON: go_on(body, n); break;
    default: break;
  }
}

/* Reads what has come. Returns 0 when the other side is gone. */
static int read_channel(void) {
  for (int rounds = 0; rounds < 16; rounds++) {
    u32 want = HEADER;
    if (in_length >= HEADER) want = HEADER + (get32(in + 4) >> 8);
    long n = sys_read(chan, in + in_length, want - in_length);
    if (n == -EAGAIN || n == -EINTR) return 1;
    if (n <= 0) return 0;
    in_length += (u32)n;
    while (in_length >= HEADER && (get32(in) != MAGIC || get32(in + 4) >> 8 > BODY)) {
      memmove(in, in + 1, in_length - 1);
      in_length--;
    }
    if (in_length >= HEADER && in_length == HEADER + (get32(in + 4) >> 8)) {
      u32 size = in_length - HEADER;
      in_length = 0;
      take(in[4], in + HEADER, size);
    }
  }
  return 1;
}

static int write_channel(void) {
  while (out_at < out_length) {
    u32 n = out_length - out_at;
    long e = sys_write(chan, out + out_at, n > 32768 ? 32768 : n);
    if (e == -EAGAIN || e == -EINTR) return 1;
    if (e <= 0) return 0;
    out_at += (u32)e;
  }
  out_at = out_length = 0;
  return 1;
}

/* Finds the port of our name among /sys/class/virtio-ports. */
static int open_port(void) {
  static u8 room[4096];
  long fd = sys_open("/sys/class/virtio-ports", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), n;
  int found = -1;
  if (fd < 0) return -1;
  while (found < 0 && (n = sys_getdents((int)fd, room, sizeof room)) > 0)
    for (long at = 0; at < n && found < 0; at += *(u16 *)(room + at + 16)) {
      const char *name = (char *)room + at + 19;
      char file_name[128] = "/sys/class/virtio-ports/", text[64];
      if (*name == '.') continue;
      add(file_name, sizeof file_name, name);
      add(file_name, sizeof file_name, "/name");
      if (read_file(file_name, text, sizeof text) <= 0 || !begins(text, "com.paiml.duende\n")) continue;
      char device[64] = "/dev/";
      add(device, sizeof device, name);
      found = (int)sys_open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
      if (found >= 0) {
        sys_fcntl(found, F_SETOWN, sys_getpid());
        sys_fcntl(found, F_SETFL, O_RDWR | O_NONBLOCK | FASYNC);
      }
    }
  sys_close((int)fd);
  return found;
}

static int listen_on(u32 port) {
  struct sockaddr_vm a;
  memset(&a, 0, sizeof a);
  a.family = 40; /* AF_VSOCK */
  a.cid = 0xffffffff; /* VMADDR_CID_ANY */
  a.port = port;
  long fd = CALL(__NR_socket, 40, 1 | O_CLOEXEC | O_NONBLOCK, 0, 0, 0, 0);
  long e = fd;
  if (fd >= 0 && (e = CALL(__NR_bind, fd, &a, sizeof a, 0, 0, 0)) >= 0) e = CALL(__NR_listen, fd, 4, 0, 0, 0, 0);
  if (e < 0) {
    say("cannot listen on vsock", "", e);
    return -1;
  }
  return (int)fd;
}

static void wait_and_serve(void) {
  struct pollfd fds[8 + EXECS + STREAMS];
  int execs_at[EXECS], streams_at[STREAMS];
  int n = 0, connected = session > 0;
  u8 ignored[sizeof(struct signalfd_siginfo)];
  if (chan >= 0 && listener < 0) {
    struct pollfd look = {chan, 0, 0};
    sys_poll(&look, 1, 0);
    connected = !(look.revents & POLLHUP);
    if (!connected && (session || in_length)) forget_session();
  } else {
    connected = chan >= 0;
  }
  /* A port whose host is away is always ready: SIGIO tells when it comes, and a look twice a second in case it did not. */
  int busy = state == ENDING;
  for (int i = 0; i < EXECS; i++) busy |= execs[i].pid && execs[i].exited;
  int shell_due_soon = shell_wanted && !shell_pid;
  long patience = busy ? 5 : shell_due_soon ? 1000 : connected ? -1 : listener >= 0 ? -1 : 500;
  fds[n++] = (struct pollfd){signals, POLLIN, 0};
  int chan_at = -1, log_at = -1, notes_at = -1, ready_at = -1, listener_at = -1;
  if (connected) chan_at = n, fds[n++] = (struct pollfd){chan, (short)(POLLIN | (queued() ? POLLOUT : 0)), 0};
  if (listener >= 0) listener_at = n, fds[n++] = (struct pollfd){listener, POLLIN, 0};
  if (log_pipe >= 0 && log_end - log_oldest < LOG_ROOM) log_at = n, fds[n++] = (struct pollfd){log_pipe, POLLIN, 0};
  if (notify_socket >= 0 && queued() < OUT_FOR_BULK) notes_at = n, fds[n++] = (struct pollfd){notify_socket, POLLIN, 0};
  if (ready_pipe >= 0) ready_at = n, fds[n++] = (struct pollfd){ready_pipe, POLLIN, 0};
  for (int i = 0; i < EXECS; i++) {
    execs_at[i] = -1;
    if (execs[i].pid && execs[i].pipe >= 0) execs_at[i] = n, fds[n++] = (struct pollfd){execs[i].pipe, POLLIN, 0};
  }
  for (int i = 0; i < STREAMS; i++) {
    struct stream *s = &streams[i];
    streams_at[i] = -1;
    if (s->fd > 0 && ((s->credit && queued() < OUT_FOR_BULK) || s->waiting)) {
      short events = (short)((s->credit && queued() < OUT_FOR_BULK ? POLLIN : 0) | (s->waiting ? POLLOUT : 0));
      streams_at[i] = n, fds[n++] = (struct pollfd){s->fd, events, 0};
    }
  }
  sys_poll(fds, (u32)n, patience);
  if (fds[0].revents) while (sys_read(signals, ignored, sizeof ignored) > 0) {}
  reap();
  if (listener_at >= 0 && fds[listener_at].revents) {
    long fd = CALL(__NR_accept4, listener, 0, 0, O_NONBLOCK | O_CLOEXEC, 0, 0);
    if (fd >= 0) {
      /* The newest caller counts: the one before may be a host that died. */
      if (chan >= 0) sys_close(chan);
      chan = (int)fd;
      forget_session();
      return;
    }
  }
  if (chan_at >= 0 && fds[chan_at].revents & (POLLIN | POLLHUP | POLLERR) && !read_channel()) {
    forget_session();
    if (listener >= 0) sys_close(chan), chan = -1;
  }
  if (log_at >= 0 && fds[log_at].revents) read_log();
  if (notes_at >= 0 && fds[notes_at].revents) {
    static u8 note[4096];
    long got = sys_read(notify_socket, note, sizeof note);
    if (got > 0) send(NOTIFY, note, (u32)got);
  }
  if (ready_at >= 0 && fds[ready_at].revents) {
    u8 line[256];
    long got = sys_read(ready_pipe, line, sizeof line);
    if (got > 0) send(NOTIFY, "READY=1", 7);
    if (got != -EAGAIN) sys_close(ready_pipe), ready_pipe = -1;
  }
  for (int i = 0; i < EXECS; i++)
    if (execs_at[i] >= 0 && fds[execs_at[i]].revents) read_exec(&execs[i]);
  for (int i = 0; i < STREAMS; i++)
    if (streams_at[i] >= 0 && streams[i].fd > 0) {
      if (streams[i].waiting) write_stream(&streams[i]);
      if (streams[i].fd > 0 && fds[streams_at[i]].revents & (POLLIN | POLLHUP | POLLERR)) read_stream(&streams[i]);
    }
  finish_execs();
  keep_shell();
  send_log();
  tell_end();
  if (chan >= 0 && queued() && !write_channel() && listener >= 0) {
    sys_close(chan);
    chan = -1;
    forget_session();
  }
}

/* /duende.secret: 32 bytes that prove who we are, and 32 of randomness, for a machine without devices finds none for long. */
static void take_secret(void) {
  u8 seed[32];
  long fd = sys_open("/duende.secret", O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0 || sys_read((int)fd, secret, 32) != 32) say("there is no secret", "", fd);
  int seeded = fd >= 0 && sys_read((int)fd, seed, 32) == 32;
  if (fd >= 0) sys_close((int)fd);
  sys_unlink("/duende.secret");
  long e = seeded ? stir(seed, 0) : -ENOENT;
  if (e < 0) say("the machine's randomness has no seed", "", e);
}

static void init_main(void) __attribute__((used, noreturn));
static void init_main(void) {
  static char cmdline[4096];
  u64 mask = 1ull << (SIGCHLD - 1) | 1ull << (SIGIO - 1) | 1ull << (SIGPIPE - 1);
  must_mount("dev", "/dev", "devtmpfs", 0, "");
  must_mount("proc", "/proc", "proc", 0, "");
  must_mount("sys", "/sys", "sysfs", 0, "");
  must_mount("tmp", "/tmp", "tmpfs", 0, "mode=1777");
  must_mount("run", "/run", "tmpfs", 0, "mode=755");
  must_mount("pts", "/dev/pts", "devpts", 0, "");
  must_mount("shm", "/dev/shm", "tmpfs", 0, "mode=1777");
  sys_symlink("/proc/self/fd", "/dev/fd");
  CALL(__NR_rt_sigprocmask, 2, &mask, 0, 8, 0, 0);
  signals = (int)CALL(__NR_signalfd4, -1, &mask, 8, O_NONBLOCK | O_CLOEXEC, 0, 0);
  write_file("/proc/self/oom_score_adj", "-1000");
  read_file("/proc/cmdline", cmdline, sizeof cmdline);
  take_secret();
  load_modules(option(cmdline, "duende.load="), cmdline);
  off = *option(cmdline, "duende.off=") ? LINUX_REBOOT_CMD_RESTART : LINUX_REBOOT_CMD_POWER_OFF;
  if (*option(cmdline, "duende.trial=")) {
    say("a kernel boots", "", 0);
    power_off();
  }
  u32 port = (u32)number(option(cmdline, "duende.vsock="));
  if (port) listener = listen_on(port);
  for (u64 begin = sys_millis(); !port && chan < 0 && sys_millis() - begin < 30000;)
    if ((chan = open_port()) < 0) sys_poll(0, 0, 2);
  if (chan < 0 && listener < 0) {
    say("there is no channel to the host", "", -ENODEV);
    power_off();
  }
  for (;;) wait_and_serve();
}
