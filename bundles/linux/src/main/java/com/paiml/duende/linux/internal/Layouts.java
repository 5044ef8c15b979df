package com.paiml.duende.linux.internal;

import java.lang.foreign.ValueLayout;

/**
 * Sizes, offsets and constants of the kernel and the C library, each with its header. They hold on
 * x86-64 and aarch64 alike unless said otherwise. A test compares them with the compiler's.
 */
final class Layouts {
  private Layouts() {}

  static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  // asm-generic/siginfo.h, bits/types/siginfo_t.h
  static final long SIGINFO_SIZE = 128;
  static final long SIGINFO_CODE = 8;
  static final long SIGINFO_PID = 16;
  static final long SIGINFO_STATUS = 24;
  static final int CLD_EXITED = 1;
  static final int CLD_DUMPED = 3;

  // linux/pidfd.h: struct pidfd_info as Linux 6.13 had it first
  static final long PIDFD_INFO_SIZE = 64;
  static final long PIDFD_INFO_MASK = 0;
  static final long PIDFD_INFO_EXIT_CODE = 60;
  static final long PIDFD_INFO_EXIT = 1L << 3;
  static final long PIDFD_GET_INFO = 0xC040FF0BL;

  // linux/mount.h
  static final int MOUNT_ATTR_SIZE = 32;

  // sys/resource.h: struct rlimit64
  static final long RLIMIT_SIZE = 16;

  // poll.h, time.h
  static final long POLLFD_SIZE = 8;
  static final long POLLFD_EVENTS = 4;
  static final long TIMESPEC_SIZE = 16;
  static final long ITIMERSPEC_SIZE = 32;

  // asm-generic/siginfo.h: struct sigevent
  static final int SIGEVENT_SIZE = 64;
  static final int SIGEVENT_SIGNO = 8;

  // sys/socket.h, sys/un.h, bits/socket.h
  static final long MSGHDR_SIZE = 56;
  static final long MSGHDR_IOV = 16;
  static final long MSGHDR_IOVLEN = 24;
  static final long MSGHDR_CONTROL = 32;
  static final long MSGHDR_CONTROLLEN = 40;
  static final long MSGHDR_FLAGS = 48;
  static final long IOVEC_SIZE = 16;
  static final long IOVEC_LEN = 8;
  static final long CMSG_HEADER = 16;
  static final long CMSG_LEVEL = 8;
  static final long CMSG_TYPE = 12;
  static final long UCRED_SIZE = 12;
  static final long SOCKADDR_UN_PATH = 2;
  // linux/vm_sockets.h
  static final long SOCKADDR_VM_SIZE = 16;
  static final long SOCKADDR_VM_PORT = 4;
  static final long SOCKADDR_VM_CID = 8;
  static final int AF_UNIX = 1;
  static final int AF_VSOCK = 40;
  static final int SOCK_STREAM = 1;
  static final int SOCK_DGRAM = 2;
  static final int SOCK_NONBLOCK = 04000;
  static final int SOCK_CLOEXEC = 02000000;
  static final int SOL_SOCKET = 1;
  static final int SO_ERROR = 4;
  static final int SO_PASSCRED = 16;
  static final int SO_PEERCRED = 17;
  static final int SCM_RIGHTS = 1;
  static final int SCM_CREDENTIALS = 2;
  static final int MSG_TRUNC = 0x20;
  static final int MSG_CMSG_CLOEXEC = 0x40000000;

  // spawn.h of glibc; musl's are as large. Room to spare, the library only ever uses its own size.
  static final long SPAWN_ATTR_ROOM = 512;
  static final long SPAWN_ACTIONS_ROOM = 256;
  static final long SIGSET_SIZE = 128;
  static final int POSIX_SPAWN_SETSIGDEF = 0x04;
  static final int POSIX_SPAWN_SETSIGMASK = 0x08;
  static final int POSIX_SPAWN_SETSID = 0x80;
}
