package com.paiml.duende.host;

import com.paiml.duende.api.DaemonMetrics;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Values of the Daemon API as bytes: records by the names of their components, so that a JVM of another minor version reads
 * what it knows and leaves the rest; enums by name; and the few plain types that those are made of. Nothing but records and
 * enums of the API is ever made from bytes.
 */
final class RecordCodec {
  private static final String API = "com.paiml.duende.api.";
  private static final int MAX_DEPTH = 32;
  private static final int MAX_ELEMENTS = 100_000;
  private static final int MAX_TEXT = 1 << 20;

  private RecordCodec() {}

  static byte[] encode(Object value) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    write(new DataOutputStream(bytes), value, 0);
    return bytes.toByteArray();
  }

  static <T> T decode(byte[] bytes, Class<T> type) throws IOException {
    Object value;
    try {
      value = read(new DataInputStream(new ByteArrayInputStream(bytes)), 0);
    } catch (DateTimeException | ArithmeticException outOfRange) {
      throw new IOException("a time is out of range: " + outOfRange.getMessage(), outOfRange);
    }
    if (!type.isInstance(value)) {
      throw new IOException("a " + type.getSimpleName() + " was expected, not " + value);
    }
    return type.cast(value);
  }

  private static void write(DataOutputStream out, Object value, int depth) throws IOException {
    if (depth > MAX_DEPTH) {
      throw new IOException("nested more than " + MAX_DEPTH + " deep");
    }
    switch (value) {
      case String s -> {
        out.writeByte('S');
        text(out, s);
      }
      case Integer i -> {
        out.writeByte('I');
        out.writeInt(i);
      }
      case Long l -> {
        out.writeByte('L');
        out.writeLong(l);
      }
      case Double d -> {
        out.writeByte('D');
        out.writeDouble(d);
      }
      case Boolean b -> {
        out.writeByte('B');
        out.writeBoolean(b);
      }
      case Duration d -> {
        out.writeByte('P');
        out.writeLong(d.getSeconds());
        out.writeInt(d.getNano());
      }
      case Instant i -> {
        out.writeByte('T');
        out.writeLong(i.getEpochSecond());
        out.writeInt(i.getNano());
      }
      case UUID u -> {
        out.writeByte('U');
        out.writeLong(u.getMostSignificantBits());
        out.writeLong(u.getLeastSignificantBits());
      }
      case Optional<?> o -> {
        out.writeByte('O');
        out.writeBoolean(o.isPresent());
        if (o.isPresent()) {
          write(out, o.get(), depth + 1);
        }
      }
      case List<?> l -> elements(out, 'l', l, depth);
      case Set<?> s -> elements(out, 's', s, depth);
      case Map<?, ?> m -> {
        out.writeByte('M');
        out.writeInt(m.size());
        for (Map.Entry<?, ?> e : m.entrySet()) {
          write(out, e.getKey(), depth + 1);
          write(out, e.getValue(), depth + 1);
        }
      }
      case Enum<?> e -> {
        out.writeByte('E');
        text(out, e.getDeclaringClass().getName());
        text(out, e.name());
      }
      case DaemonMetrics.Histogram h -> histogram(out, h);
      case Record r -> record(out, r, depth);
      default -> throw new IOException("cannot be sent: " + value.getClass().getName());
    }
  }

  private static void elements(DataOutputStream out, char tag, Collection<?> all, int depth)
      throws IOException {
    out.writeByte(tag);
    out.writeInt(all.size());
    for (Object element : all) {
      write(out, element, depth + 1);
    }
  }

  /** Most buckets of a distribution are empty. */
  private static void histogram(DataOutputStream out, DaemonMetrics.Histogram h)
      throws IOException {
    long[] counts = h.counts();
    int used = 0;
    for (long c : counts) {
      used += c == 0 ? 0 : 1;
    }
    out.writeByte('H');
    out.writeInt(counts.length);
    out.writeInt(used);
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] != 0) {
        out.writeInt(i);
        out.writeLong(counts[i]);
      }
    }
  }

  private static void record(DataOutputStream out, Record r, int depth) throws IOException {
    RecordComponent[] components = r.getClass().getRecordComponents();
    out.writeByte('R');
    text(out, r.getClass().getName());
    out.writeInt(components.length);
    for (RecordComponent c : components) {
      text(out, c.getName());
      try {
        write(out, c.getAccessor().invoke(r), depth + 1);
      } catch (ReflectiveOperationException e) {
        throw new IOException(r.getClass().getName() + "." + c.getName() + ": " + e, e);
      }
    }
  }

  private static void text(DataOutputStream out, String s) throws IOException {
    byte[] bytes = s.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static String text(DataInputStream in) throws IOException {
    byte[] bytes = new byte[count(in, MAX_TEXT)];
    in.readFully(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static int count(DataInputStream in, int most) throws IOException {
    int n = in.readInt();
    if (n < 0 || n > most) {
      throw new IOException("a length of " + n + " is more than " + most);
    }
    return n;
  }

  private static Object read(DataInputStream in, int depth) throws IOException {
    if (depth > MAX_DEPTH) {
      throw new IOException("nested more than " + MAX_DEPTH + " deep");
    }
    byte tag = in.readByte();
    return switch (tag) {
      case 'S' -> text(in);
      case 'I' -> in.readInt();
      case 'L' -> in.readLong();
      case 'D' -> in.readDouble();
      case 'B' -> in.readBoolean();
      case 'P' -> Duration.ofSeconds(in.readLong(), in.readInt());
      case 'T' -> Instant.ofEpochSecond(in.readLong(), in.readInt());
      case 'U' -> new UUID(in.readLong(), in.readLong());
      case 'O' -> in.readBoolean() ? Optional.of(read(in, depth + 1)) : Optional.empty();
      case 'l' -> elements(in, new ArrayList<>(), depth);
      case 's' -> elements(in, new LinkedHashSet<>(), depth);
      case 'M' -> map(in, depth);
      case 'E' -> constant(in);
      case 'H' -> histogram(in);
      case 'R' -> record(in, depth);
      default -> throw new IOException("no value begins with " + tag);
    };
  }

  private static Collection<Object> elements(DataInputStream in, Collection<Object> into, int depth)
      throws IOException {
    int n = count(in, MAX_ELEMENTS);
    for (int i = 0; i < n; i++) {
      into.add(read(in, depth + 1));
    }
    return into;
  }

  private static Map<Object, Object> map(DataInputStream in, int depth) throws IOException {
    Map<Object, Object> map = new LinkedHashMap<>();
    int n = count(in, MAX_ELEMENTS);
    for (int i = 0; i < n; i++) {
      map.put(read(in, depth + 1), read(in, depth + 1));
    }
    return map;
  }

  private static Object histogram(DataInputStream in) throws IOException {
    long[] counts = new long[count(in, MAX_ELEMENTS)];
    int used = count(in, counts.length);
    for (int i = 0; i < used; i++) {
      counts[count(in, counts.length - 1)] = in.readLong();
    }
    try {
      return DaemonMetrics.Histogram.of(counts);
    } catch (IllegalArgumentException other) {
      throw new IOException(other.getMessage(), other);
    }
  }

  private static Class<?> type(String name) throws IOException {
    if (!name.startsWith(API)) {
      throw new IOException(name + " is not of the Daemon API");
    }
    try {
      return Class.forName(name, false, DaemonMetrics.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IOException("the other side is of another version: " + name + " is not here", e);
    }
  }

  private static Object constant(DataInputStream in) throws IOException {
    Class<?> type = type(text(in));
    String name = text(in);
    Object[] constants = type.getEnumConstants();
    if (constants != null) {
      for (Object constant : constants) {
        if (((Enum<?>) constant).name().equals(name)) {
          return constant;
        }
      }
    }
    throw new IOException(type.getName() + " has no " + name);
  }

  private static Object record(DataInputStream in, int depth) throws IOException {
    Class<?> type = type(text(in));
    RecordComponent[] components = type.getRecordComponents();
    if (components == null) {
      throw new IOException(type.getName() + " is no record");
    }
    Map<String, Object> values = new HashMap<>();
    int n = count(in, 1000);
    for (int i = 0; i < n; i++) {
      String name = text(in);
      values.put(name, read(in, depth + 1));
    }
    Class<?>[] types = new Class<?>[components.length];
    Object[] arguments = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      types[i] = components[i].getType();
      Object value = values.get(components[i].getName());
      arguments[i] = value == null ? absent(type, components[i]) : value;
    }
    try {
      return type.getDeclaredConstructor(types).newInstance(arguments);
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      throw new IOException(type.getName() + " refuses its values: " + cause, e);
    }
  }

  /** A component that the other side did not know yet: none of it, where its type has that. */
  private static Object absent(Class<?> record, RecordComponent component) throws IOException {
    Class<?> type = component.getType();
    if (type == Optional.class) {
      return Optional.empty();
    }
    if (type == List.class) {
      return List.of();
    }
    if (type == Set.class) {
      return Set.of();
    }
    if (type == Map.class) {
      return Map.of();
    }
    throw new IOException(
        "the other side is of another version: it sends no "
            + record.getSimpleName()
            + "."
            + component.getName());
  }
}
