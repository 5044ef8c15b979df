/*
 * Work that only the CPU does: primes, a matrix, a checksum, recursion. Arguments: how much, and which of them; all of them
 * in turn without. Prints what came out. Each is a function of its own, as compilers would otherwise make one function of
 * all, of which a JIT makes something else each time.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KERNEL static __attribute__((noinline))

KERNEL uint32_t primes(int n) {
  static uint8_t sieve[1 << 20];
  uint32_t found = 0;
  for (int i = 0; i < n; i++) sieve[i] = 1;
  for (int i = 2; i < n; i++) {
    if (!sieve[i]) continue;
    found++;
    for (int k = 2 * i; k < n; k += i) sieve[k] = 0;
  }
  return found;
}

KERNEL double matrix(int n) {
  static double a[128][128], b[128][128], c[128][128];
  for (int i = 0; i < n; i++)
    for (int k = 0; k < n; k++) a[i][k] = i + k, b[i][k] = i - k, c[i][k] = 0;
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++)
      for (int k = 0; k < n; k++) c[i][j] += a[i][k] * b[k][j];
  return c[n / 2][n / 3];
}

KERNEL uint32_t crc(uint32_t n) {
  uint32_t crc = ~0u;
  for (uint32_t i = 0; i < n; i++) {
    crc ^= i & 0xff;
    for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
  }
  return ~crc;
}

KERNEL uint32_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

/* So that no compiler finds that each round does the same. */
static volatile int zero;

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1;
  const char *which = argc > 2 ? argv[2] : "";
  uint32_t p = 0, c = 0, f = 0;
  double m = 0;
  for (int i = 0; i < rounds; i++) {
    if (!*which || !strcmp(which, "primes")) p += primes((1 << 20) + zero);
    if (!*which || !strcmp(which, "matrix")) m += matrix(128 + zero);
    if (!*which || !strcmp(which, "checksum")) c += crc((1 << 20) + zero);
    if (!*which || !strcmp(which, "recursion")) f += fib(27 + zero);
  }
  printf("%u %.1f %u %u\n", p, m, c, f);
  return 0;
}
