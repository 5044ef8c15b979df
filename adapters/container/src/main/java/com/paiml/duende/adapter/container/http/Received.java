package com.paiml.duende.adapter.container.http;

import java.nio.ByteBuffer;

/** Who takes a response as it comes. Called on threads of the transport, one call at a time: never blocks. */
public interface Received {
  /** The response has begun. */
  default void begun(int status) {}

  /**
   * A piece of it.
   *
   * @param more to be run when the next piece is wanted, then or later
   */
  void bytes(ByteBuffer bytes, Runnable more);

  /** There is no more, and nothing went wrong. */
  void ended();

  /** It broke off. */
  void failed(Throwable why);
}
