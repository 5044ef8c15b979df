package com.paiml.duende.api;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A position in a distributed trace, as the {@code traceparent} and {@code tracestate} headers carry it (W3C Trace Context,
 * level 2).
 *
 * @param traceId 32 lower-case hexadecimal digits, not all zero
 * @param spanId 16 lower-case hexadecimal digits, not all zero
 * @param flags 0 to 255; bit 0 sampled, bit 1 random trace id
 * @param state the {@code tracestate} header as it came; may be empty
 */
public record TraceContext(String traceId, String spanId, int flags, String state) {
  private static final Pattern TRACE_ID = Pattern.compile("(?!0{32})[0-9a-f]{32}");
  private static final Pattern SPAN_ID = Pattern.compile("(?!0{16})[0-9a-f]{16}");

  public TraceContext {
    if (!TRACE_ID.matcher(traceId).matches()
        || !SPAN_ID.matcher(spanId).matches()
        || flags < 0
        || flags > 255) {
      throw new IllegalArgumentException(
          "not a trace context: " + traceId + "-" + spanId + "-" + flags);
    }
    Objects.requireNonNull(state, "state");
  }

  /** A new trace: sampled, with a random id. */
  public static TraceContext newRoot() {
    return new TraceContext(randomHex(16), randomHex(8), 3, "");
  }

  /** A new span of this trace, to be sent to whoever is called. */
  public TraceContext child() {
    return new TraceContext(traceId, randomHex(8), flags, state);
  }

  /**
   * Reads a {@code traceparent} header; empty when it is not valid, as the specification demands (then a new trace is
   * begun). A version above 00 is read as far as 00 goes.
   */
  public static Optional<TraceContext> parse(String traceparent, String tracestate) {
    String t = traceparent;
    if (t.length() < 55 || t.charAt(2) != '-' || t.charAt(35) != '-' || t.charAt(52) != '-') {
      return Optional.empty();
    }
    String version = t.substring(0, 2);
    String flags = t.substring(53, 55);
    boolean longer = t.length() > 55;
    if (!isHex(version)
        || version.equals("ff")
        || !isHex(flags)
        || (longer && (version.equals("00") || t.charAt(55) != '-'))) {
      return Optional.empty();
    }
    String trace = t.substring(3, 35);
    String span = t.substring(36, 52);
    if (!TRACE_ID.matcher(trace).matches() || !SPAN_ID.matcher(span).matches()) {
      return Optional.empty();
    }
    int bits = Integer.parseInt(flags, 16);
    // Of a later version only the flags that this one knows are kept.
    return Optional.of(
        new TraceContext(trace, span, version.equals("00") ? bits : bits & 3, tracestate));
  }

  /** The {@code traceparent} header, version 00. */
  public String toTraceparent() {
    return "00-" + traceId + "-" + spanId + "-" + HexFormat.of().toHexDigits((byte) flags);
  }

  private static boolean isHex(String s) {
    return s.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }

  private static String randomHex(int bytes) {
    byte[] b = new byte[bytes];
    SecureRandom random = new SecureRandom();
    do {
      random.nextBytes(b);
    } while (isZero(b));
    return HexFormat.of().formatHex(b);
  }

  private static boolean isZero(byte[] bytes) {
    for (byte b : bytes) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }
}
