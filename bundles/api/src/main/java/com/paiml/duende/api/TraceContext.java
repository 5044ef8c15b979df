package com.paiml.duende.api;

import java.util.Collection;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A position in a distributed trace, as the {@code traceparent} and {@code tracestate} headers carry it (W3C Trace Context,
 * level 2).
 *
 * @param traceId 32 lower-case hexadecimal digits, not all zero
 * @param spanId 16 lower-case hexadecimal digits, not all zero
 * @param flags 0 to 255; bit 0 sampled, bit 1 random trace id
 * @param state the {@code tracestate} header as it came; empty when there was none, or none that is valid
 */
public record TraceContext(String traceId, String spanId, int flags, String state) {
  private static final Pattern TRACE_ID = Pattern.compile("(?!0{32})[0-9a-f]{32}");
  private static final Pattern SPAN_ID = Pattern.compile("(?!0{16})[0-9a-f]{16}");

  /** The headers, in lower case as HTTP/2 has them. */
  public static final String TRACEPARENT = "traceparent";

  public static final String TRACESTATE = "tracestate";

  // key = ( lcalpha / DIGIT ) 0*255 keychar; value = 0*255( chr ) nblk-chr (Trace Context level 2,
  // 3.3.1.3).
  private static final Pattern STATE_MEMBER =
      Pattern.compile(
          "[ \\t]*(?:([a-z0-9][a-z0-9_*/@-]{0,255})=[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{0,255}[\\x21-\\x2b\\x2d-\\x3c\\x3e-\\x7e]["
              + " \\t]*)?");
  private static final int STATE_MEMBERS = 32;

  public TraceContext {
    if (!TRACE_ID.matcher(traceId).matches()
        || !SPAN_ID.matcher(spanId).matches()
        || flags < 0
        || flags > 255) {
      throw new IllegalArgumentException(
          "not a trace context: " + traceId + "-" + spanId + "-" + flags);
    }
    if (!isValidState(state)) {
      throw new IllegalArgumentException("not a tracestate: " + state);
    }
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
   * Reads the headers of a request.
   *
   * @param header all values of the header of that name; null and none are the same
   * @return the caller's position; empty when there is none, more than one, or none that is valid: then a new trace is
   *     begun
   */
  public static Optional<TraceContext> extract(
      Function<String, ? extends @Nullable Collection<String>> header) {
    Collection<String> parents = header.apply(TRACEPARENT);
    if (parents == null || parents.size() != 1) {
      return Optional.empty();
    }
    Collection<String> states = header.apply(TRACESTATE);
    // One list may come in several headers (RFC 9110, 5.3).
    return parse(parents.iterator().next().strip(), states == null ? "" : String.join(",", states));
  }

  /** Puts it into the headers of a request. */
  public void inject(BiConsumer<String, String> header) {
    header.accept(TRACEPARENT, toTraceparent());
    if (!state.isEmpty()) {
      header.accept(TRACESTATE, state);
    }
  }

  /**
   * Reads a {@code traceparent} header; empty when it is not valid, as the specification demands (then a new trace is
   * begun). A version above 00 is read as far as 00 goes. A {@code tracestate} that is not valid is left out.
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
        new TraceContext(
            trace,
            span,
            version.equals("00") ? bits : bits & 3,
            isValidState(tracestate) ? tracestate : ""));
  }

  private static boolean isValidState(String state) {
    if (state.isEmpty()) {
      return true;
    }
    Set<String> keys = new HashSet<>();
    for (String part : state.split(",", -1)) {
      Matcher member = STATE_MEMBER.matcher(part);
      if (!member.matches() || (member.group(1) != null && !keys.add(member.group(1)))) {
        return false;
      }
    }
    return keys.size() <= STATE_MEMBERS;
  }

  /** The {@code traceparent} header, version 00. */
  public String toTraceparent() {
    return "00-" + traceId + "-" + spanId + "-" + HexFormat.of().toHexDigits((byte) flags);
  }

  private static boolean isHex(String s) {
    return s.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
  }

  /** To be unlike others, not to be secret: each start of a daemon draws two. */
  private static String randomHex(int bytes) {
    byte[] b = new byte[bytes];
    do {
      ThreadLocalRandom.current().nextBytes(b);
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
