package com.paiml.duende.linux.proc;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * {@code /proc/PID/status}: every line by its name. What was asked of the kernel is read back here.
 *
 * @param fields value by name, as the kernel words them
 */
public record ProcessStatus(Map<String, String> fields) {

  /** Copies the map. */
  public ProcessStatus {
    fields = Map.copyOf(fields);
  }

  /** Reads the file's text. */
  public static ProcessStatus parse(String text) {
    Map<String, String> fields = new LinkedHashMap<>();
    text.lines()
        .map(line -> line.split(":", 2))
        .filter(part -> part.length == 2)
        .forEach(part -> fields.put(part[0], part[1].strip()));
    return new ProcessStatus(fields);
  }

  /** A value, for example {@code NoNewPrivs}; empty when this kernel has no such line. */
  public Optional<String> field(String name) {
    return Optional.ofNullable(fields.get(name));
  }

  /** A value of the form {@code 123 kB}, in bytes. */
  public OptionalLong bytes(String name) {
    String value = fields.get(name);
    return value == null || !value.endsWith(" kB")
        ? OptionalLong.empty()
        : OptionalLong.of(Long.parseLong(value.substring(0, value.length() - 3).strip()) * 1024);
  }

  /** A mask in hexadecimal, for example {@code CapEff} or {@code SigIgn}. */
  public OptionalLong mask(String name) {
    String value = fields.get(name);
    return value == null
        ? OptionalLong.empty()
        : OptionalLong.of(Long.parseUnsignedLong(value, 16));
  }
}
