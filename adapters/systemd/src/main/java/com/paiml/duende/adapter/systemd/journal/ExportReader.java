package com.paiml.duende.adapter.systemd.journal;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Reads the journal's export format: fields a line each, entries with an empty line between, binary fields with their length. */
final class ExportReader {
  private static final long MOST = 16 << 20;

  private final InputStream in;

  /** @param fields text by name */
  record Entry(Map<String, String> fields) {
    String field(String name) {
      return fields.getOrDefault(name, "");
    }

    Optional<Instant> time() {
      String micros = field("__REALTIME_TIMESTAMP");
      return micros.matches("[0-9]{1,18}")
          ? Optional.of(Instant.EPOCH.plus(Long.parseLong(micros), ChronoUnit.MICROS))
          : Optional.empty();
    }
  }

  ExportReader(InputStream in) {
    this.in = new BufferedInputStream(in, 64 << 10);
  }

  /** The next entry; empty at the end. */
  Optional<Entry> next() throws IOException {
    Map<String, String> fields = new HashMap<>();
    while (true) {
      Optional<String> line = line();
      if (line.isEmpty()) {
        return fields.isEmpty() ? Optional.empty() : Optional.of(new Entry(fields));
      }
      if (line.get().isEmpty()) {
        if (!fields.isEmpty()) {
          return Optional.of(new Entry(fields));
        }
        continue;
      }
      int equals = line.get().indexOf('=');
      if (equals >= 0) {
        fields.put(line.get().substring(0, equals), line.get().substring(equals + 1));
      } else {
        fields.put(line.get(), binary());
      }
    }
  }

  private Optional<String> line() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
    while (true) {
      int b = in.read();
      if (b < 0) {
        return bytes.size() == 0 ? Optional.empty() : Optional.of(text(bytes.toByteArray()));
      }
      if (b == '\n') {
        return Optional.of(text(bytes.toByteArray()));
      }
      if (bytes.size() > MOST) {
        throw new IOException("a line of more than " + MOST + " bytes");
      }
      bytes.write(b);
    }
  }

  private String binary() throws IOException {
    long size = ByteBuffer.wrap(exactly(Long.BYTES)).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (size < 0 || size > MOST) {
      throw new IOException("a field of " + size + " bytes");
    }
    byte[] value = exactly((int) size);
    int end = in.read();
    if (end != '\n') {
      throw new IOException("a binary field does not end where it says");
    }
    return text(value);
  }

  private byte[] exactly(int count) throws IOException {
    byte[] bytes = in.readNBytes(count);
    if (bytes.length < count) {
      throw new EOFException("the journal ends in the middle of an entry");
    }
    return bytes;
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
