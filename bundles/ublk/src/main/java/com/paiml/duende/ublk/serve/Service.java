package com.paiml.duende.ublk.serve;

/** How a queue's requests are served. Called by the queue's thread alone. */
interface Service {
  /** Not yet: the result comes with a completion. */
  int LATER = Integer.MIN_VALUE;

  /**
   * Serves a request, or begins to.
   *
   * @return bytes, 0 for requests without data, a negative errno, or {@link #LATER}
   */
  int serve(int tag);

  /**
   * A completion of an operation that it had put on the ring.
   *
   * @return as {@link #serve}
   */
  int completed(int tag, int result);
}
