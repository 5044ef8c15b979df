package com.paiml.duende.linux.limits;

/**
 * What setrlimit(2) limits, with the numbers of {@code asm-generic/resource.h}.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/prlimit.2.html">prlimit(2)</a>
 */
public enum Resource {
  /** Processor time, seconds. */
  CPU(0),
  /** Size of a file written, bytes. */
  FSIZE(1),
  /** Data segment, bytes. */
  DATA(2),
  /** Main thread's stack, bytes. */
  STACK(3),
  /** Core file, bytes. */
  CORE(4),
  /** Processes and threads of the user, all together. */
  NPROC(6),
  /** One more than the highest descriptor. */
  NOFILE(7),
  /** Locked memory, bytes. */
  MEMLOCK(8),
  /** Address space, bytes. */
  AS(9),
  /** Queued signals of the user. */
  SIGPENDING(11),
  /** POSIX message queues of the user, bytes. */
  MSGQUEUE(12),
  /** Nice value up to which it may be raised, as 20 less that. */
  NICE(13),
  /** Real-time priority. */
  RTPRIO(14),
  /** Real-time processor time without a blocking call, microseconds. */
  RTTIME(15);

  private final int number;

  Resource(int number) {
    this.number = number;
  }

  /** The kernel's number. */
  public int number() {
    return number;
  }
}
