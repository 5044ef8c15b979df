package com.paiml.duende.adapter.systemd.bus;

import java.nio.charset.StandardCharsets;

/** Paths of units on the bus: every byte but letters and digits is written {@code _XX}, sd_bus_path_encode(3). */
final class ObjectPath {
  static final String UNITS = "/org/freedesktop/systemd1/unit";

  private ObjectPath() {}

  static String of(String unit) {
    StringBuilder path = new StringBuilder(UNITS).append('/');
    byte[] bytes = unit.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < bytes.length; i++) {
      char c = (char) (bytes[i] & 0xff);
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      boolean digit = c >= '0' && c <= '9' && i > 0;
      if (letter || digit) {
        path.append(c);
      } else {
        path.append(String.format("_%02x", (int) c));
      }
    }
    return path.toString();
  }
}
