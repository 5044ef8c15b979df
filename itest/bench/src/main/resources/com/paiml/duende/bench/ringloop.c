/*
 * The loop of a server's queue in C, on entries that do nothing: reads lines "BATCH COPY MILLIS" from standard input, moves COPY
 * bytes for each entry, BATCH entries at a time, and answers with the nanoseconds for each. Its memory is a file that the loop
 * in Java has too: what a copy costs differs by a tenth with the pages that a process happens to get.
 *
 * ringloop FILE
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DISK (64ul << 20)
#define MAX_BATCH 64

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

static void ring_open(struct ring *r, unsigned size) {
  struct io_uring_params p = {0};
  r->fd = syscall(__NR_io_uring_setup, size, &p);
  if (r->fd < 0) fail("io_uring_setup");
  size_t sq = p.sq_off.array + 4 * p.sq_entries, cq = p.cq_off.cqes + sizeof(struct io_uring_cqe) * p.cq_entries;
  char *base = mmap(NULL, sq > cq ? sq : cq, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQ_RING);
  r->base = base;
  r->bytes = sq > cq ? sq : cq;
  r->entry_size = 64;
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

static void ring_close(struct ring *r) {
  munmap(r->entries, (size_t)(r->mask + 1) * r->entry_size);
  munmap(r->base, r->bytes);
  close(r->fd);
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

static double nop(char *from, char *to, unsigned batch, size_t copy, double seconds) {
  struct ring r;
  ring_open(&r, batch);
  for (unsigned tag = 0; tag < batch; tag++) {
    struct io_uring_sqe *e = ring_entry(&r, tag);
    memset(e, 0, 64);
    e->opcode = IORING_OP_NOP;
    e->user_data = tag;
    ring_push(&r, tag);
  }
  unsigned random = 1;
  unsigned long done = 0;
  double begin = now();
  do {
    for (int turn = 0; turn < 100; turn++) {
      ring_enter(&r, batch);
      unsigned head = *r.cq_head, end = __atomic_load_n(r.cq_tail, __ATOMIC_ACQUIRE);
      for (; head != end; head++) {
        unsigned tag = r.completions[head & r.cq_mask].user_data;
        if (copy) {
          random = random * 1103515245 + 12345;
          memcpy(to + tag * 4096ul, from + ((random >> 8) & 16383) * 4096ul, copy);
        }
        *(int *)(r.entries + 64 * tag + 52) = 4096; /* the result of a ublk entry */
        ring_push(&r, tag);
        done++;
      }
      __atomic_store_n(r.cq_head, head, __ATOMIC_RELEASE);
    }
  } while (now() - begin < seconds);
  double nanos = (now() - begin) * 1e9 / done;
  ring_close(&r);
  return nanos;
}

int main(int count, char **word) {
  if (count != 2) return 64;
  setvbuf(stdout, NULL, _IOLBF, 0);
  int file = open(word[1], O_RDWR);
  if (file < 0) fail(word[1]);
  char *disk = mmap(NULL, DISK + MAX_BATCH * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
  if (disk == MAP_FAILED) fail(word[1]);
  unsigned batch;
  size_t copy;
  double millis;
  while (scanf("%u %zu %lf", &batch, &copy, &millis) == 3 && batch <= MAX_BATCH && copy <= 4096)
    printf("%.1f\n", nop(disk, disk + DISK, batch, copy, millis / 1000));
  return 0;
}
