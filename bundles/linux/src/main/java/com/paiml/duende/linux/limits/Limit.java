package com.paiml.duende.linux.limits;

/**
 * A limit with its ceiling.
 *
 * @param soft what is enforced
 * @param hard up to where the process itself may raise it
 */
public record Limit(long soft, long hard) {
  /** No limit, {@code RLIM_INFINITY}. */
  public static final long INFINITY = -1;

  /** The same for both. */
  public static Limit of(long both) {
    return new Limit(both, both);
  }

  @Override
  public String toString() {
    return text(soft) + "/" + text(hard);
  }

  private static String text(long value) {
    return value == INFINITY ? "unlimited" : Long.toUnsignedString(value);
  }
}
