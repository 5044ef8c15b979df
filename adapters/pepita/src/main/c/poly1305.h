/*
 * Poly1305 over a file, with the key that ChaCha20 makes of a file's own 32 random bytes: the tag of AEAD_CHACHA20_POLY1305
 * (RFC 8439) with the file as its associated data and nothing encrypted, for that is what the host has in its library. A
 * machine that is emulated computes it some ten times as fast as a SHA-256.
 */
#ifndef PEPITA_POLY1305_H
#define PEPITA_POLY1305_H

#include "sys.h"

typedef unsigned __int128 u128;

struct poly {
  u64 r0, r1, s0, s1; /* the key: multiplied with, added at the end */
  u64 h0, h1, h2;     /* the sum until now, of 130 bits and some */
  u64 bytes;
  u8 held[16];
};

static u64 load64(const u8 *p) {
  u64 v;
  __builtin_memcpy(&v, p, 8); /* both architectures are little-endian */
  return v;
}

/* 2.3 of the RFC with a counter and a nonce of zeros; of the block the first 32 bytes, which 2.6 takes. */
static void chacha_key(const u8 *key, u8 *out) {
  static const u32 constants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  static const u8 turns[4] = {16, 12, 8, 7};
  static const u8 quarters[8][4] = {{0, 4, 8, 12}, {1, 5, 9, 13}, {2, 6, 10, 14}, {3, 7, 11, 15},
                                    {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13}, {3, 4, 9, 14}};
  u32 x[16], first[16];
  for (int i = 0; i < 16; i++) {
    u32 word = 0;
    if (i < 4) word = constants[i];
    else if (i < 12) __builtin_memcpy(&word, key + 4 * (i - 4), 4);
    x[i] = first[i] = word;
  }
  for (int round = 0; round < 80; round++) {
    const u8 *q = quarters[round % 8];
    for (int step = 0; step < 4; step++) {
      u32 *a = &x[q[step % 2 ? 2 : 0]], *b = &x[q[step % 2 ? 3 : 1]], *d = &x[q[step % 2 ? 1 : 3]];
      *a += *b;
      *d ^= *a;
      *d = *d << turns[step] | *d >> (32 - turns[step]);
    }
  }
  for (int i = 0; i < 8; i++) {
    u32 word = x[i] + first[i];
    __builtin_memcpy(out + 4 * i, &word, 4);
  }
}

static void poly_begin(struct poly *p, const u8 *key) {
  u8 both[32];
  chacha_key(key, both);
  p->r0 = load64(both) & 0x0ffffffc0fffffff;
  p->r1 = load64(both + 8) & 0x0ffffffc0ffffffc;
  p->s0 = load64(both + 16);
  p->s1 = load64(both + 24);
  p->h0 = p->h1 = p->h2 = p->bytes = 0;
}

/* Whole blocks of 16: h = (h + block + 2^128) * r modulo 2^130 - 5. */
__attribute__((optimize("O2"))) static void poly_blocks(struct poly *p, const u8 *data, u64 blocks) {
  u64 r0 = p->r0, r1 = p->r1, fifth = r1 + (r1 >> 2);
  u64 h0 = p->h0, h1 = p->h1, h2 = p->h2;
  for (; blocks; blocks--, data += 16) {
    u128 a = (u128)h0 + load64(data);
    u128 b = (u128)h1 + load64(data + 8) + (u64)(a >> 64);
    h0 = (u64)a, h1 = (u64)b;
    h2 += (u64)(b >> 64) + 1;
    a = (u128)h0 * r0 + (u128)h1 * fifth;
    b = (u128)h0 * r1 + (u128)h1 * r0 + h2 * fifth + (u64)(a >> 64);
    h2 = h2 * r0 + (u64)(b >> 64);
    h1 = (u64)b;
    u64 high = (h2 >> 2) + (h2 & ~3ull);
    a = (u128)(u64)a + high;
    h0 = (u64)a;
    b = (u128)h1 + (u64)(a >> 64);
    h1 = (u64)b;
    h2 = (h2 & 3) + (u64)(b >> 64);
  }
  p->h0 = h0, p->h1 = h1, p->h2 = h2;
}

static void poly_add(struct poly *p, const u8 *data, u64 n) {
  u64 held = p->bytes % 16;
  p->bytes += n;
  if (held) {
    u64 take = 16 - held < n ? 16 - held : n;
    memcpy(p->held + held, data, take);
    data += take, n -= take;
    if (held + take < 16) return;
    poly_blocks(p, p->held, 1);
  }
  poly_blocks(p, data, n / 16);
  memcpy(p->held, data + n / 16 * 16, n % 16);
}

static void poly_end(struct poly *p, u8 *tag) {
  u8 last[16];
  u64 bytes = p->bytes, held = bytes % 16;
  if (held) {
    memset(p->held + held, 0, 16 - held);
    poly_blocks(p, p->held, 1);
  }
  memset(last, 0, sizeof last);
  __builtin_memcpy(last, &bytes, 8);
  poly_blocks(p, last, 1);
  /* Whether it is still at least 2^130 - 5. */
  u128 a = (u128)p->h0 + 5, b = (u128)p->h1 + (u64)(a >> 64);
  if ((p->h2 + (u64)(b >> 64)) >> 2) p->h0 = (u64)a, p->h1 = (u64)b;
  a = (u128)p->h0 + p->s0;
  b = (u128)p->h1 + p->s1 + (u64)(a >> 64);
  u64 low = (u64)a, high = (u64)b;
  __builtin_memcpy(tag, &low, 8);
  __builtin_memcpy(tag + 8, &high, 8);
}

#endif
