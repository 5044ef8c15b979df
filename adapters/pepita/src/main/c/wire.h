/*
 * The language between host and guest; the host's half is Wire.java. A frame is a header of eight bytes and a body:
 *
 *   u32 magic, u8 kind, u24 length of the body (at most 65536); numbers are little-endian
 *
 * A session begins with HELLO and AUTH, each side proving that it knows the machine's secret; before that nothing else is
 * taken. Whoever meets bytes that are no frame skips them until the next magic: so a session can begin on a stream whose
 * former user was cut off.
 */
#ifndef PEPITA_WIRE_H
#define PEPITA_WIRE_H

enum { MAGIC = 0x31504550, VERSION = 1, BODY = 65536, HEADER = 8 };

/* Host to guest. */
enum {
  HELLO = 1,     /* u16 version, nonce of 16 */
  AUTH = 2,      /* proof of 32 */
  CONFIG = 3,    /* a piece of the configuration: records of u8 key, u32 length, text with a zero at its end */
  PREPARE = 4,   /* the configuration is whole: mount and set up */
  FILE_BEGIN = 5,/* u32 id, u32 mode, u64 size, key of 32, Poly1305 of 16, path */
  FILE_DATA = 6, /* u32 id, bytes */
  FILE_IMAGE = 7,/* as FILE_BEGIN; the bytes are in the image's file of that number */
  START = 8,
  SIGNAL = 9,    /* u8 number */
  LOG_ACK = 10,  /* u64 position up to which the host has the log */
  EXEC = 11,     /* u32 id, words with a zero after each */
  EXEC_KILL = 12,/* u32 id */
  LIMITS = 13,   /* u32 id, lines FILE=VALUE; without a value it is only read */
  USAGE = 14,    /* u32 id */
  EXIT_ACK = 15, /* the host knows how it ended: power off */
  STREAM_OPEN = 16,  /* u32 id, path of a unix socket */
  STREAM_DATA = 17,  /* u32 id, bytes; both ways */
  STREAM_CLOSE = 18, /* u32 id; both ways */
  STREAM_CREDIT = 19,/* u32 id, u32 bytes more that may be sent; both ways */
  ECHO = 20,         /* bytes, sent back */
  HOLD = 21,         /* u32 id: the program is to stand still, for a snapshot */
  GO_ON = 22         /* u64 nanoseconds since 1970, 32 bytes of randomness: the machine has stood still, or it is a snapshot
                        that is taken up again: set the clock, reseed, then let the program go on */
};

/* Guest to host. */
enum {
  HELLO_OK = 65,  /* u16 version, nonce of 16, proof of 32 */
  STATE = 66,     /* u8 0 new, 1 prepared, 2 running, 3 ended; u64 oldest and u64 end of the log; u32 pid */
  FAILED = 67,    /* u32 errno, u8 stage: what, in words */
  FILE_OK = 68,   /* u32 id */
  STARTED = 69,   /* u32 pid in the guest */
  LOG = 70,       /* u64 position, bytes */
  EXIT = 71,      /* u8 1 code, 2 signal; u32 value, u8 core, u64 kills by the kernel for want of memory */
  NOTIFY = 72,    /* text of an sd_notify message */
  EXEC_DONE = 73, /* u32 id, u32 code, the first 4096 bytes of output */
  LIMITS_ARE = 74,/* u32 id, lines FILE=VALUE or FILE!ERRNO */
  USAGE_IS = 75,  /* u32 id, u64 each */
  STREAM_OPENED = 76, /* u32 id, u32 errno */
  ECHOED = 77,
  HELD = 78       /* u32 id, u32 errno; what the program has said before is in the frames before */
};

#endif
