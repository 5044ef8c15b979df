/*
 * pressure flusher PROGRAM ARGUMENTS   becomes the program, marked as one that I/O depends on
 * pressure fill MIB   fills memory with noise, rewrites and checks pages at random until TERM, checks all of them at the end
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define WORDS 512

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* splitmix64: noise that can be made again from the page and its version. */
static uint64_t next(uint64_t *state) {
  uint64_t z = (*state += 0x9E3779B97F4A7C15ull);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

static void fill(uint64_t *page, uint64_t number, uint32_t version) {
  uint64_t state = number * 1000003 + version;
  for (int i = 0; i < WORDS; i++) page[i] = next(&state);
}

static int wrong(const uint64_t *page, uint64_t number, uint32_t version) {
  uint64_t state = number * 1000003 + version;
  for (int i = 0; i < WORDS; i++)
    if (page[i] != next(&state)) return 1;
  return 0;
}

static volatile sig_atomic_t over;

static void end(int signal) { over = signal; }

static int press(size_t pages) {
  uint64_t *memory = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  uint32_t *version = calloc(pages, sizeof *version);
  if (memory == MAP_FAILED || !version) return 2;
  double begin = now(), last = begin, stall = 0;
  long bad = 0, turns = 0;
  for (size_t i = 0; i < pages; i++) {
    fill(memory + i * WORDS, i, 0);
    double t = now();
    if (t - last > stall) stall = t - last;
    last = t;
  }
  printf("filled\n");
  uint64_t random = 42;
  while (!over) {
    size_t i = next(&random) % pages;
    bad += wrong(memory + i * WORDS, i, version[i]);
    fill(memory + i * WORDS, i, ++version[i]);
    turns++;
    double t = now();
    if (t - last > stall) stall = t - last;
    last = t;
  }
  for (size_t i = 0; i < pages; i++) bad += wrong(memory + i * WORDS, i, version[i]);
  printf("pages %zu turns %ld bad %ld longest stall %.2f s, %.1f s in all\n", pages, turns, bad, stall,
         now() - begin);
  return bad != 0;
}

int main(int count, char **word) {
  if (count > 2 && !strcmp(word[1], "flusher")) {
    if (prctl(57 /* PR_SET_IO_FLUSHER */, 1, 0, 0, 0)) return 71;
    execvp(word[2], word + 2);
    return 72;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  signal(SIGTERM, end);
  if (count == 3 && !strcmp(word[1], "fill")) return press((size_t)atol(word[2]) << 8);
  return 64;
}
