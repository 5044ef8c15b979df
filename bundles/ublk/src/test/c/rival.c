/*
 * The rivals of the Java server, in C: the same loops without a virtual machine.
 *
 * rival serve null|memory|file:PATH MIB DEPTH   serves a ublk device until SIGTERM; prints what its queue did
 * rival gap DEVICE SECONDS                      reads a device past the page cache; prints the longest wait for an answer
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/ublk_cmd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <pthread.h>

#define CONTROL(command) _IOWR('u', command, struct ublksrv_ctrl_cmd)
#define IO(command) _IOWR('u', command, struct ublksrv_io_cmd)
#define MAX_IO (128 << 10)

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

struct ring {
  int fd;
  unsigned entry_size, tail, pending, mask, cq_mask;
  unsigned *shared_tail, *array, *cq_head, *cq_tail;
  size_t bytes;
  char *base, *entries;
  struct io_uring_cqe *completions;
};

static void ring_open(struct ring *r, unsigned size, int wide) {
  struct io_uring_params p = {.flags = wide ? IORING_SETUP_SQE128 : 0};
  r->fd = syscall(__NR_io_uring_setup, size, &p);
  if (r->fd < 0) fail("io_uring_setup");
  size_t sq = p.sq_off.array + 4 * p.sq_entries, cq = p.cq_off.cqes + sizeof(struct io_uring_cqe) * p.cq_entries;
  char *base = mmap(NULL, sq > cq ? sq : cq, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQ_RING);
  r->base = base;
  r->bytes = sq > cq ? sq : cq;
  r->entry_size = wide ? 128 : 64;
  r->entries = mmap(NULL, p.sq_entries * r->entry_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQES);
  if (base == MAP_FAILED || r->entries == MAP_FAILED) fail("mmap");
  r->shared_tail = (void *)(base + p.sq_off.tail);
  r->mask = *(unsigned *)(base + p.sq_off.ring_mask);
  r->array = (void *)(base + p.sq_off.array);
  r->cq_head = (void *)(base + p.cq_off.head);
  r->cq_tail = (void *)(base + p.cq_off.tail);
  r->cq_mask = *(unsigned *)(base + p.cq_off.ring_mask);
  r->completions = (void *)(base + p.cq_off.cqes);
  r->tail = *r->shared_tail;
  r->pending = 0;
}

static struct io_uring_sqe *ring_entry(struct ring *r, unsigned index) {
  return (void *)(r->entries + (size_t)index * r->entry_size);
}

static void ring_push(struct ring *r, unsigned index) {
  r->array[r->tail++ & r->mask] = index;
  r->pending++;
}

static void ring_enter(struct ring *r, unsigned complete) {
  __atomic_store_n(r->shared_tail, r->tail, __ATOMIC_RELEASE);
  int taken = syscall(__NR_io_uring_enter, r->fd, r->pending, complete, complete ? IORING_ENTER_GETEVENTS : 0, NULL, 0);
  if (taken >= 0) r->pending -= taken;
  else if (errno != EINTR) fail("io_uring_enter");
}

static struct ring control_ring;
static int control_file;

static void control(unsigned command, int id, void *buffer, int bytes, uint64_t data) {
  struct io_uring_sqe *e = ring_entry(&control_ring, 0);
  memset(e, 0, 128);
  e->opcode = IORING_OP_URING_CMD;
  e->fd = control_file;
  e->cmd_op = command;
  struct ublksrv_ctrl_cmd *c = (void *)((char *)e + 48);
  c->dev_id = id;
  c->queue_id = -1;
  c->addr = (uintptr_t)buffer;
  c->len = bytes;
  c->data[0] = data;
  ring_push(&control_ring, 0);
  ring_enter(&control_ring, 1);
  int result = control_ring.completions[*control_ring.cq_head & control_ring.cq_mask].res;
  __atomic_store_n(control_ring.cq_head, *control_ring.cq_head + 1, __ATOMIC_RELEASE);
  if (result < 0) {
    errno = -result;
    fail("ublk command");
  }
}

static struct ublksrv_ctrl_dev_info device;
static size_t size;
static unsigned depth;
static char *memory;
static int file = -1;
static volatile int fetched;
static unsigned long requests, calls;

static void *queue(void *unused) {
  char path[64];
  snprintf(path, sizeof path, "/dev/ublkc%u", device.dev_id);
  int fd = -1;
  for (int i = 0; i < 500 && (fd = open(path, O_RDWR)) < 0; i++) usleep(10000);
  if (fd < 0) fail(path);
  struct ring r;
  ring_open(&r, 2 * depth, 0);
  size_t bytes = (depth * sizeof(struct ublksrv_io_desc) + 4095) & ~4095ul;
  volatile struct ublksrv_io_desc *request = mmap(NULL, bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, UBLKSRV_CMD_BUF_OFFSET);
  char *buffers = mmap(NULL, (size_t)depth * MAX_IO, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (request == MAP_FAILED || buffers == MAP_FAILED) fail("mmap");
  for (unsigned tag = 0; tag < depth; tag++) {
    struct io_uring_sqe *e = ring_entry(&r, tag);
    memset(e, 0, 64);
    e->opcode = IORING_OP_URING_CMD;
    e->fd = fd;
    e->cmd_op = IO(UBLK_IO_FETCH_REQ);
    e->user_data = tag;
    struct ublksrv_io_cmd *c = (void *)((char *)e + 48);
    c->q_id = 0;
    c->tag = tag;
    c->addr = (uintptr_t)(buffers + (size_t)tag * MAX_IO);
    c->result = -1;
    ring_push(&r, tag);
    e = ring_entry(&r, depth + tag);
    memset(e, 0, 64);
    e->fd = file;
    e->addr = c->addr;
    e->user_data = tag | 0x10000;
  }
  ring_enter(&r, 0);
  for (unsigned tag = 0; tag < depth; tag++) ring_entry(&r, tag)->cmd_op = IO(UBLK_IO_COMMIT_AND_FETCH_REQ);
  fetched = 1;
  for (unsigned gone = 0; gone < depth;) {
    ring_enter(&r, 1);
    calls++;
    unsigned head = *r.cq_head, end = __atomic_load_n(r.cq_tail, __ATOMIC_ACQUIRE);
    for (; head != end; head++) {
      struct io_uring_cqe *done = &r.completions[head & r.cq_mask];
      unsigned tag = done->user_data & 0xffff;
      int result = done->res;
      if (!(done->user_data & 0x10000)) {
        if (result != UBLK_IO_RES_OK) {
          gone++;
          continue;
        }
        requests++;
        unsigned operation = request[tag].op_flags & 0xff;
        size_t at = (size_t)request[tag].start_sector << 9, length = (size_t)request[tag].nr_sectors << 9;
        char *buffer = buffers + (size_t)tag * MAX_IO;
        result = length;
        if (operation > UBLK_IO_OP_FLUSH) result = -EOPNOTSUPP;
        else if (operation == UBLK_IO_OP_FLUSH) result = file >= 0 && fdatasync(file) ? -errno : 0;
        else if (file >= 0) {
          struct io_uring_sqe *e = ring_entry(&r, depth + tag);
          e->opcode = operation == UBLK_IO_OP_WRITE ? IORING_OP_WRITE : IORING_OP_READ;
          e->off = at;
          e->len = length;
          ring_push(&r, depth + tag);
          continue;
        } else if (memory && operation == UBLK_IO_OP_WRITE) memcpy(memory + at, buffer, length);
        else if (memory) memcpy(buffer, memory + at, length);
      }
      ((struct ublksrv_io_cmd *)((char *)ring_entry(&r, tag) + 48))->result = result;
      ring_push(&r, tag);
    }
    __atomic_store_n(r.cq_head, head, __ATOMIC_RELEASE);
  }
  munmap((void *)request, bytes);
  close(r.fd);
  close(fd);
  return unused;
}

static int serve(const char *target, size_t mebibytes, unsigned requests_in_flight) {
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, NULL);
  size = mebibytes << 20;
  depth = requests_in_flight;
  if (!strcmp(target, "memory")) memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (!strncmp(target, "file:", 5)) {
    file = open(target + 5, O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, size)) fail(target);
  }
  control_file = open("/dev/ublk-control", O_RDWR);
  if (control_file < 0) fail("/dev/ublk-control");
  ring_open(&control_ring, 4, 1);
  device.dev_id = -1;
  device.nr_hw_queues = 1;
  device.queue_depth = depth;
  device.max_io_buf_bytes = MAX_IO;
  control(CONTROL(UBLK_CMD_ADD_DEV), -1, &device, sizeof device, 0);
  struct ublk_params p = {.len = sizeof p, .types = UBLK_PARAM_TYPE_BASIC};
  p.basic.logical_bs_shift = p.basic.io_min_shift = 9;
  p.basic.physical_bs_shift = p.basic.io_opt_shift = 12;
  p.basic.max_sectors = MAX_IO >> 9;
  p.basic.dev_sectors = size >> 9;
  if (file >= 0) p.basic.attrs = UBLK_ATTR_VOLATILE_CACHE;
  control(CONTROL(UBLK_CMD_SET_PARAMS), device.dev_id, &p, sizeof p, 0);
  pthread_t thread;
  pthread_create(&thread, NULL, queue, NULL);
  while (!fetched) usleep(1000);
  control(CONTROL(UBLK_CMD_START_DEV), device.dev_id, NULL, 0, getpid());
  printf("serves /dev/ublkb%u\nready\n", device.dev_id);
  int signal;
  sigwait(&end, &signal);
  control(CONTROL(UBLK_CMD_STOP_DEV), device.dev_id, NULL, 0, 0);
  pthread_join(thread, NULL);
  control(CONTROL(UBLK_CMD_DEL_DEV), device.dev_id, NULL, 0, 0);
  printf("ublk_requests %lu\nublk_system_calls %lu\n", requests, calls);
  return 0;
}

static int gap(const char *path, double seconds) {
  int fd = open(path, O_RDONLY | O_DIRECT);
  char *buffer;
  if (fd < 0 || posix_memalign((void **)&buffer, 4096, 4096)) fail(path);
  printf("reading\n");
  double begin = now(), longest = 0;
  while (now() - begin < seconds) {
    double asked = now();
    if (pread(fd, buffer, 4096, 0) != 4096) fail(path);
    double waited = now() - asked;
    if (waited > longest) longest = waited;
    if (waited > 0.1) printf("gap %.2f\n", waited);
  }
  printf("longest %.3f\n", longest);
  return 0;
}

int main(int count, char **word) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (count == 5 && !strcmp(word[1], "serve")) return serve(word[2], atol(word[3]), atoi(word[4]));
  if (count == 4 && !strcmp(word[1], "gap")) return gap(word[2], atof(word[3]));
  return 64;
}
