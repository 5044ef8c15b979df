/*
 * pressure fill MIB SECONDS   fills memory with noise, rewrites and checks pages at random, checks all of them at the end
 * pressure watch PID SECONDS  locked in memory, says when a thread of that process has been stuck in the kernel for 10 s
 */
#define _GNU_SOURCE
#include <dirent.h>
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

static int press(size_t pages, double seconds) {
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
  while (now() - begin < seconds) {
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

static char text[65536];

static int slurp(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  size_t bytes = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[bytes] = 0;
  return bytes > 0;
}

static int watch(const char *pid, int seconds) {
  if (mlockall(MCL_CURRENT | MCL_FUTURE) || prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0)) perror("watch");
  printf("watching\n");
  static struct { int thread, times; } stuck[512];
  for (int t = 0; t < seconds; t += 2, sleep(2)) {
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/task", pid);
    DIR *threads = opendir(path);
    if (!threads) return 0;
    for (struct dirent *e; (e = readdir(threads));) {
      int thread = atoi(e->d_name);
      if (thread <= 0) continue;
      snprintf(path, sizeof path, "/proc/%s/task/%d/stat", pid, thread);
      if (!slurp(path)) continue;
      char *name = strchr(text, '('), *end = strrchr(text, ')');
      if (!name || !end) continue;
      int slot = thread % 512;
      stuck[slot].times = end[2] == 'D' && stuck[slot].thread == thread ? stuck[slot].times + 1 : 0;
      stuck[slot].thread = thread;
      if (stuck[slot].times == 5) {
        char who[64];
        *end = 0;
        snprintf(who, sizeof who, "%s", name + 1);
        snprintf(path, sizeof path, "/proc/%s/task/%d/stack", pid, thread);
        slurp(path);
        for (char *c = text; *c; c++)
          if (*c == '\n') *c = ' ';
        printf("stuck %s: %.600s\n", who, text);
      }
    }
    closedir(threads);
  }
  return 0;
}

int main(int count, char **word) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (count == 4 && !strcmp(word[1], "fill")) return press((size_t)atol(word[2]) << 8, atof(word[3]));
  if (count == 4 && !strcmp(word[1], "watch")) return watch(word[2], atoi(word[3]));
  return 64;
}
