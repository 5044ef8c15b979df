/* SHA-256 (FIPS 180-4) and HMAC (RFC 2104). */
#ifndef PEPITA_SHA256_H
#define PEPITA_SHA256_H

#include "sys.h"

struct sha256 {
  u32 state[8];
  u64 bytes;
  u8 block[64];
};

static const u32 sha_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static u32 turn(u32 x, int n) { return x >> n | x << (32 - n); }

static void sha_block(struct sha256 *s, const u8 *p) {
  u32 w[64];
  for (int i = 0; i < 16; i++)
    w[i] = (u32)p[4 * i] << 24 | (u32)p[4 * i + 1] << 16 | (u32)p[4 * i + 2] << 8 | p[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    u32 a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + w[i - 7] + (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
  }
  u32 a = s->state[0], b = s->state[1], c = s->state[2], d = s->state[3];
  u32 e = s->state[4], f = s->state[5], g = s->state[6], h = s->state[7];
  for (int i = 0; i < 64; i++) {
    u32 t = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + sha_k[i] + w[i];
    u32 m = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t, d = c, c = b, b = a, a = t + m;
  }
  s->state[0] += a, s->state[1] += b, s->state[2] += c, s->state[3] += d;
  s->state[4] += e, s->state[5] += f, s->state[6] += g, s->state[7] += h;
}

static void sha_begin(struct sha256 *s) {
  static const u32 first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                               0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memcpy(s->state, first, sizeof first);
  s->bytes = 0;
}

static void sha_add(struct sha256 *s, const void *data, u64 n) {
  const u8 *p = data;
  u64 held = s->bytes % 64;
  s->bytes += n;
  if (held) {
    u64 take = 64 - held < n ? 64 - held : n;
    memcpy(s->block + held, p, take);
    p += take, n -= take;
    if (held + take < 64) return;
    sha_block(s, s->block);
  }
  for (; n >= 64; p += 64, n -= 64) sha_block(s, p);
  memcpy(s->block, p, n);
}

static void sha_end(struct sha256 *s, u8 *out) {
  u64 bits = s->bytes * 8;
  u8 one = 0x80, zero = 0, size[8];
  sha_add(s, &one, 1);
  while (s->bytes % 64 != 56) sha_add(s, &zero, 1);
  for (int i = 0; i < 8; i++) size[i] = (u8)(bits >> (56 - 8 * i));
  sha_add(s, size, 8);
  for (int i = 0; i < 32; i++) out[i] = (u8)(s->state[i / 4] >> (24 - 8 * (i % 4)));
}

/* HMAC of a word and two nonces of 16 bytes, with a key of 32 bytes. */
static void prove(const u8 *key, const char *word, const u8 *one, const u8 *two, u8 *out) {
  u8 pad[64];
  struct sha256 s;
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 64; i++) pad[i] = (u8)((i < 32 ? key[i] : 0) ^ (round ? 0x5c : 0x36));
    sha_begin(&s);
    sha_add(&s, pad, 64);
    if (round) {
      sha_add(&s, out, 32);
    } else {
      sha_add(&s, word, length(word));
      sha_add(&s, one, 16);
      sha_add(&s, two, 16);
    }
    sha_end(&s, out);
  }
}

#endif
