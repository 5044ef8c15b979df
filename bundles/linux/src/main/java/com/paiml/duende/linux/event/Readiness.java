package com.paiml.duende.linux.event;

/**
 * What epoll reported.
 *
 * @param bits {@code EPOLL*} of epoll_ctl(2)
 */
public record Readiness(int bits) {
  /** {@code EPOLLIN}. */
  public static final int IN = 0x001;

  /** {@code EPOLLOUT}. */
  public static final int OUT = 0x004;

  /** {@code EPOLLERR}, reported whether asked for or not. */
  public static final int ERROR = 0x008;

  /** {@code EPOLLHUP}, reported whether asked for or not. */
  public static final int HANGUP = 0x010;

  /** There is something to read. */
  public boolean readable() {
    return (bits & IN) != 0;
  }

  /** There is room to write. */
  public boolean writable() {
    return (bits & OUT) != 0;
  }

  /** The other side is gone; of a pidfd: the process was reaped. */
  public boolean hungUp() {
    return (bits & HANGUP) != 0;
  }

  /** The descriptor is in error. */
  public boolean failed() {
    return (bits & ERROR) != 0;
  }
}
