package com.paiml.duende.adapter.wos.kernel;

/** What the main process of a session says about itself by the import {@code wos}. Called on its thread; must not block. */
public interface SessionEvents {

  /** Nobody listens. */
  SessionEvents NONE = new SessionEvents() {};

  default void ready() {}

  default void heartbeat() {}

  default void status(String text) {}

  /** @param score 0 (dead) to 5 (in full health) */
  default void health(int score, String message) {}

  /** @param kind what the value is */
  default void metric(String name, MetricKind kind, double value) {}

  /** A limit was reached: {@code memory}, {@code pids}, {@code open_files}. */
  default void limitReached(String resource, String detail) {}

  /** What a metric's value is. */
  enum MetricKind {
    /** To be added to a counter. */
    COUNTER,
    /** The value of a gauge. */
    GAUGE,
    /** Seconds that a request took. */
    DURATION
  }
}
