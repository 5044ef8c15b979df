package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Architecture;
import java.util.Locale;

/**
 * The system calls that this bundle makes, with their numbers ({@code asm/unistd_64.h} of x86, {@code
 * asm-generic/unistd.h} of aarch64; a test asks the compiler). Only calls that both have.
 */
public enum Call {
  READ(0, 63),
  WRITE(1, 64),
  CLOSE(3, 57),
  LSEEK(8, 62),
  FALLOCATE(285, 47),
  FCNTL(72, 25),
  IOCTL(16, 29),
  OPENAT(257, 56),
  UNLINKAT(263, 35),
  MKDIRAT(258, 34),
  PREAD64(17, 67),
  FCHMOD(91, 52),
  FCHMODAT(268, 53),
  FACCESSAT(269, 48),
  PPOLL(271, 73),
  PIPE2(293, 59),
  EVENTFD2(290, 19),
  EPOLL_CREATE1(291, 20),
  EPOLL_CTL(233, 21),
  EPOLL_PWAIT(281, 22),
  TIMERFD_CREATE(283, 85),
  TIMERFD_SETTIME(286, 86),
  KILL(62, 129),
  WAITID(247, 95),
  PIDFD_OPEN(434, 434),
  PIDFD_SEND_SIGNAL(424, 424),
  SOCKET(41, 198),
  BIND(49, 200),
  CONNECT(42, 203),
  LISTEN(50, 201),
  ACCEPT4(288, 242),
  SETSOCKOPT(54, 208),
  GETSOCKOPT(55, 209),
  RECVMSG(47, 212),
  MEMFD_CREATE(319, 279),
  FACCESSAT2(439, 439),
  CHDIR(80, 49),
  SETSID(112, 157),
  DUP3(292, 24),
  CLOSE_RANGE(436, 436),
  TIMER_CREATE(222, 107),
  TIMER_SETTIME(223, 110),
  UMASK(95, 166),
  SETPRIORITY(141, 140),
  IOPRIO_SET(251, 30),
  SCHED_SETAFFINITY(203, 122),
  PRLIMIT64(302, 261),
  PRCTL(157, 167),
  CAPSET(126, 91),
  SETGROUPS(116, 159),
  SETRESGID(119, 149),
  SETRESUID(117, 147),
  UNSHARE(272, 97),
  SETNS(308, 268),
  MOUNT(165, 40),
  MOUNT_SETATTR(442, 442),
  LANDLOCK_CREATE_RULESET(444, 444),
  LANDLOCK_ADD_RULE(445, 445),
  LANDLOCK_RESTRICT_SELF(446, 446),
  SECCOMP(317, 277),
  BPF(321, 280),
  INOTIFY_INIT1(294, 26),
  INOTIFY_ADD_WATCH(254, 27),
  MMAP(9, 222),
  MUNMAP(11, 215),
  MLOCK(149, 228),
  MLOCK2(325, 284),
  MUNLOCK(150, 229),
  MLOCKALL(151, 230),
  MUNLOCKALL(152, 231),
  EXIT_GROUP(231, 94),
  EXECVE(59, 221);

  private final int x86;
  private final int aarch64;

  Call(int x86, int aarch64) {
    this.x86 = x86;
    this.aarch64 = aarch64;
  }

  /** The number on an architecture. */
  public int number(Architecture architecture) {
    return architecture == Architecture.X86_64 ? x86 : aarch64;
  }

  /** The name as the manual has it. */
  public String manualName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
