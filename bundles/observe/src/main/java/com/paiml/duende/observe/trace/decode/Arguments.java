package com.paiml.duende.observe.trace.decode;

import com.paiml.duende.linux.kernel.Architecture;
import com.paiml.duende.linux.kernel.SystemCallTable;
import com.paiml.duende.spi.TraceSession.SyscallEvent;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Writes the arguments of system calls as people read them. Calls that are not in the list show three numbers. */
public final class Arguments {
  private static final String RESOURCE = "signatures.txt";
  private static final int UNKNOWN_SHOWN = 3;

  private final Flags flags;
  private final Map<String, List<String>> signatures;
  private final SystemCallTable table;

  public Arguments(Architecture architecture, SystemCallTable table) {
    this.flags = new Flags(architecture);
    this.table = table;
    this.signatures = read();
  }

  private static Map<String, List<String>> read() {
    try (InputStream in = Arguments.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the bundle was built without " + RESOURCE);
      }
      Map<String, List<String>> all = new HashMap<>();
      new String(in.readAllBytes(), StandardCharsets.US_ASCII)
          .lines()
          .filter(line -> !line.startsWith("#"))
          .map(line -> List.of(line.split(" ")))
          .forEach(words -> all.put(words.getFirst(), words.subList(1, words.size())));
      return Map.copyOf(all);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  /** The name of a call; of one that is newer than the table its number. */
  public String name(int call) {
    return table.name(call).orElse("syscall_" + call);
  }

  /** Its number, empty when there is none of that name here. */
  public OptionalInt number(String name) {
    return table.number(name);
  }

  /** Whether some architecture has a call of that name. */
  public boolean isKnown(String name) {
    return table.isKnown(name);
  }

  /** Numbers of all calls of this architecture. */
  public List<Integer> calls() {
    return table.names().stream().map(n -> table.number(n).orElseThrow()).toList();
  }

  /** Which argument is a path: its index; empty when none of the first two is. */
  public OptionalInt path(String name) {
    int index = signatures.getOrDefault(name, List.of()).indexOf("path");
    return index == 0 || index == 1 ? OptionalInt.of(index) : OptionalInt.empty();
  }

  /**
   * The arguments.
   *
   * @param values six, as the registers had them
   * @param path what was read of the argument that is a path; empty when nothing was
   */
  public String write(String name, long[] values, String path) {
    List<String> signature = signatures.get(name);
    List<String> shown = new ArrayList<>();
    int count = signature == null ? UNKNOWN_SHOWN : signature.size();
    for (int i = 0; i < Math.min(count, values.length); i++) {
      shown.add(write(signature == null ? "hex" : signature.get(i), values[i], path));
    }
    return String.join(", ", shown);
  }

  /** The call as plug-ins see it. */
  public SyscallEvent event(RawEvent raw, List<String> stack) {
    String name = name(raw.call());
    long[] values = raw.arguments().stream().mapToLong(Long::longValue).toArray();
    return new SyscallEvent(
        raw.end(),
        raw.thread(),
        name,
        write(name, values, raw.path()),
        raw.result(),
        raw.took(),
        stack);
  }

  private String write(String kind, long value, String path) {
    return switch (kind) {
      case "fd", "dirfd", "int" ->
          kind.equals("dirfd") && (int) value == Flags.AT_FDCWD
              ? "AT_FDCWD"
              : Integer.toString((int) value);
      case "path" -> path.isEmpty() ? hex(value) : quoted(path);
      case "size" -> Long.toUnsignedString(value);
      case "mode" -> "0" + Long.toOctalString(value & 07777);
      case "open" -> flags.open((int) value);
      case "futex" -> flags.futex((int) value);
      case "prot" -> flags.protection((int) value);
      case "map" -> flags.mapping((int) value);
      case "signal" -> flags.signal((int) value);
      case "clock" -> flags.clock((int) value);
      case "ptr" -> value == 0 ? "NULL" : hex(value);
      default -> hex(value);
    };
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }

  /** Control characters never reach a terminal. */
  private static String quoted(String text) {
    StringBuilder out = new StringBuilder("\"");
    text.chars()
        .forEach(
            c -> {
              if (c < ' ' || c == 0x7f || c == '"' || c == '\\') {
                out.append(String.format("\\x%02x", c));
              } else {
                out.append((char) c);
              }
            });
    return out.append('"').toString();
  }
}
