package com.paiml.duende.manager.journal;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * One record of a journal as one line of text: {@code CHECKSUM KIND key:t=value …}, parted by tabs. The checksum is CRC-32C of
 * the rest, as 8 hexadecimal digits. Types are s (text), l (whole number), d (number), b (yes or no), a (list of texts). In
 * texts, bytes that would break the line, and {@code % = : ,}, are written {@code %XX}.
 *
 * @param kind what it records, a word
 * @param fields String, Long, Double, Boolean or List of String by name
 */
record Line(String kind, Map<String, Object> fields) {
  private static final String HEX = "0123456789ABCDEF";

  Line {
    fields = Map.copyOf(fields);
  }

  static Line of(String kind, Object... namesAndValues) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return new Line(kind, fields);
  }

  Optional<String> text(String name) {
    return fields.get(name) instanceof String s ? Optional.of(s) : Optional.empty();
  }

  long number(String name, long otherwise) {
    return fields.get(name) instanceof Long l ? l : otherwise;
  }

  boolean flag(String name) {
    return fields.get(name) instanceof Boolean b && b;
  }

  List<String> texts(String name) {
    return fields.get(name) instanceof List<?> l
        ? l.stream().map(String::valueOf).toList()
        : List.of();
  }

  /** With its end of line. */
  byte[] encode() {
    StringBuilder s = new StringBuilder(256).append(kind);
    fields.forEach(
        (name, value) -> {
          s.append('\t').append(escape(name)).append(':');
          switch (value) {
            case String t -> s.append("s=").append(escape(t));
            case Long l -> s.append("l=").append(l);
            case Double d -> s.append("d=").append(d);
            case Boolean b -> s.append("b=").append(b);
            case List<?> l -> {
              s.append("a=");
              // A comma after each, so that a list of one empty text is not an empty list.
              l.forEach(e -> s.append(escape(String.valueOf(e))).append(','));
            }
            default -> throw new IllegalArgumentException("no field: " + value.getClass());
          }
        });
    byte[] body = s.toString().getBytes(StandardCharsets.UTF_8);
    CRC32C crc = new CRC32C();
    crc.update(body);
    ByteArrayOutputStream line = new ByteArrayOutputStream(body.length + 10);
    line.writeBytes(
        (HexFormat.of().toHexDigits((int) crc.getValue()) + " ")
            .getBytes(StandardCharsets.US_ASCII));
    line.writeBytes(body);
    line.write('\n');
    return line.toByteArray();
  }

  /** @return empty when the line is damaged */
  static Optional<Line> decode(byte[] file, int from, int to) {
    if (to - from < 10 || file[from + 8] != ' ') {
      return Optional.empty();
    }
    CRC32C crc = new CRC32C();
    crc.update(file, from + 9, to - from - 9);
    String sum = new String(file, from, 8, StandardCharsets.US_ASCII);
    if (!sum.equals(HexFormat.of().toHexDigits((int) crc.getValue()))) {
      return Optional.empty();
    }
    String[] parts =
        new String(file, from + 9, to - from - 9, StandardCharsets.UTF_8).split("\t", -1);
    Map<String, Object> fields = new LinkedHashMap<>();
    for (int i = 1; i < parts.length; i++) {
      String part = parts[i];
      int colon = part.indexOf(':');
      if (colon < 0 || part.length() < colon + 3 || part.charAt(colon + 2) != '=') {
        return Optional.empty();
      }
      String value = part.substring(colon + 3);
      try {
        Object decoded =
            switch (part.charAt(colon + 1)) {
              case 's' -> unescape(value);
              case 'l' -> Long.valueOf(value);
              case 'd' -> Double.valueOf(value);
              case 'b' -> Boolean.valueOf(value);
              case 'a' -> list(value);
              default -> throw new NumberFormatException("no type");
            };
        fields.put(unescape(part.substring(0, colon)), decoded);
      } catch (NumberFormatException e) {
        return Optional.empty();
      }
    }
    return Optional.of(new Line(parts[0], fields));
  }

  private static List<String> list(String value) {
    if (value.isEmpty()) {
      return List.of();
    }
    String[] elements = value.substring(0, value.length() - 1).split(",", -1);
    List<String> list = new ArrayList<>(elements.length);
    for (String element : elements) {
      list.add(unescape(element));
    }
    return List.copyOf(list);
  }

  private static boolean breaks(char c) {
    return c < ' ' || c == '%' || c == '=' || c == ':' || c == ',';
  }

  /** Most texts are as they are. */
  private static String escape(String text) {
    int whole = 0;
    while (whole < text.length() && !breaks(text.charAt(whole))) {
      whole++;
    }
    return whole == text.length() ? text : escaped(text);
  }

  private static String escaped(String text) {
    StringBuilder s = new StringBuilder(text.length() + 8);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (breaks(c)) {
        s.append('%').append(HEX.charAt(c >> 4)).append(HEX.charAt(c & 15));
      } else {
        s.append(c);
      }
    }
    return s.toString();
  }

  private static String unescape(String text) {
    if (text.indexOf('%') < 0) {
      return text;
    }
    StringBuilder s = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '%' && i + 2 < text.length()) {
        s.append((char) Integer.parseInt(text, i + 1, i + 3, 16));
        i += 2;
      } else {
        s.append(c);
      }
    }
    return s.toString();
  }
}
