package com.paiml.duende.shell.text;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A JSON value (RFC 8259), written with two blanks of indentation. Keys are written as in daemon files; times as ISO 8601 in
 * UTC; durations as seconds; enums in lower case with hyphens; what is not known as {@code null}.
 */
public final class Json implements Answer {
  private final @Nullable Object value;

  private Json(@Nullable Object value) {
    this.value = value;
  }

  /** An object, to be filled by {@link #put}. */
  public static Json object() {
    return new Json(new LinkedHashMap<String, @Nullable Object>());
  }

  /** Any value: text, number, truth, time, optional, collection, map, enum, {@code Json}; others by their text. */
  public static Json of(@Nullable Object value) {
    return new Json(value);
  }

  /** Adds a member. */
  @CanIgnoreReturnValue
  @SuppressWarnings("unchecked")
  public Json put(String key, @Nullable Object member) {
    if (value instanceof Map<?, ?> map) {
      ((Map<String, @Nullable Object>) map).put(key, member);
    }
    return this;
  }

  @Override
  public String text(Style style) {
    return this + "\n";
  }

  @Override
  public String toString() {
    StringBuilder out = new StringBuilder();
    write(out, value, 0);
    return out.toString();
  }

  private static void write(StringBuilder out, @Nullable Object value, int depth) {
    switch (value) {
      case null -> out.append("null");
      case Json json -> write(out, json.value, depth);
      case Optional<?> o -> write(out, o.orElse(null), depth);
      case OptionalLong o -> write(out, o.isPresent() ? (Object) o.getAsLong() : null, depth);
      case Boolean b -> out.append(b);
      case Double d -> out.append(Double.isFinite(d) ? number(d) : "null");
      case Number n -> out.append(n);
      case Duration d -> out.append(number(d.toNanos() / 1e9));
      case Instant i -> quote(out, i.toString());
      case Enum<?> e -> quote(out, e.name().toLowerCase(Locale.ROOT).replace('_', '-'));
      case Map<?, ?> map -> writeObject(out, map, depth);
      case Collection<?> collection -> writeArray(out, collection, depth);
      default -> quote(out, value.toString());
    }
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  private static void writeObject(StringBuilder out, Map<?, ?> map, int depth) {
    String separator = "{";
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      out.append(separator).append('\n').repeat(' ', 2 * depth + 2);
      quote(out, String.valueOf(entry.getKey()));
      out.append(": ");
      write(out, entry.getValue(), depth + 1);
      separator = ",";
    }
    end(out, map.isEmpty(), "{}", '}', depth);
  }

  private static void writeArray(StringBuilder out, Collection<?> collection, int depth) {
    String separator = "[";
    for (Object element : collection) {
      out.append(separator).append('\n').repeat(' ', 2 * depth + 2);
      write(out, element, depth + 1);
      separator = ",";
    }
    end(out, collection.isEmpty(), "[]", ']', depth);
  }

  private static void end(StringBuilder out, boolean empty, String both, char close, int depth) {
    if (empty) {
      out.append(both);
    } else {
      out.append('\n').repeat(' ', 2 * depth).append(close);
    }
  }

  private static void quote(StringBuilder out, String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        default -> {
          if (c < 0x20 || c == 0x7f || (Character.isSurrogate(c) && !paired(text, i))) {
            out.append(String.format("\\u%04x", (int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }

  private static boolean paired(String text, int i) {
    return Character.isHighSurrogate(text.charAt(i))
        ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
        : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
  }
}
