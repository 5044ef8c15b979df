package com.paiml.duende.linux.process;

/**
 * How a process ended.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/waitid.2.html">waitid(2)</a>
 */
public sealed interface ExitStatus {

  /**
   * It called exit.
   *
   * @param code 0–255
   */
  record Exited(int code) implements ExitStatus {}

  /**
   * A signal ended it.
   *
   * @param signal the number, 1–64
   * @param coreDumped whether the kernel wrote a core
   */
  record Signaled(int signal, boolean coreDumped) implements ExitStatus {}

  /**
   * It is gone and nobody can say how: it was not a child of this process and the kernel does not
   * keep the status for others (that takes Linux 6.15).
   *
   * @param why in words
   */
  record Unknown(String why) implements ExitStatus {}

  /** Decodes the word that wait(2) fills in. */
  static ExitStatus ofWaitStatus(int status) {
    int signal = status & 0x7f;
    return signal == 0
        ? new Exited((status >> 8) & 0xff)
        : new Signaled(signal, (status & 0x80) != 0);
  }
}
