package com.paiml.duende.adapter.pepita.channel;

import com.paiml.duende.api.ExitReason;

/** What a guest says by itself. Called on the socket thread; must not block. What a guest says may be a lie. */
public interface GuestEvents {
  /** {@return up to where the log is kept} */
  long logPosition();

  /**
   * A piece of the program's output.
   *
   * @return whether it has been kept; if not, the session ends and the guest keeps it
   */
  boolean log(long position, byte[] bytes);

  /** The program has ended, its tree is gone and all its output has been sent. */
  void exited(ExitReason reason);

  /** An sd_notify message. */
  void notified(String text);

  /** The guest has broken the rules of the channel. */
  void violated(String how);

  /** The session is over. */
  void ended(String why);
}
