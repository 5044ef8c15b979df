package com.paiml.duende.observe.trace.stack;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The code that a process has mapped, {@code /proc/PID/maps}. For one thread. */
final class AddressSpace {
  private static final int CALL = 0xe8;
  private static final int CALL_INDIRECT = 0xff;
  private static final int LONGEST_CALL = 7;

  /**
   * A mapping with the right to be executed.
   *
   * @param begin first address
   * @param end behind the last
   * @param offset in the file
   * @param path of the file; of memory without one what the kernel calls it
   */
  record Mapping(long begin, long end, long offset, String path) {
    boolean isFile() {
      return path.startsWith("/");
    }

    String name() {
      return path.substring(path.lastIndexOf('/') + 1);
    }
  }

  private final int process;
  private final TreeMap<Long, Mapping> mappings = new TreeMap<>();
  private final Map<Long, Boolean> calls = new java.util.HashMap<>();

  private AddressSpace(int process) {
    this.process = process;
  }

  static AddressSpace of(int process) {
    AddressSpace space = new AddressSpace(process);
    space.refresh();
    return space;
  }

  /** Reads the list again; of a process that is gone the last one stays. */
  void refresh() {
    List<String> lines;
    try {
      lines =
          Files.readAllLines(Path.of("/proc/" + process + "/maps"), StandardCharsets.ISO_8859_1);
    } catch (IOException gone) {
      return;
    }
    mappings.clear();
    for (String line : lines) {
      String[] field = line.split(" +", 6);
      if (field.length >= 5 && field[1].charAt(2) == 'x') {
        String[] range = field[0].split("-");
        long begin = Long.parseUnsignedLong(range[0], 16);
        mappings.put(
            begin,
            new Mapping(
                begin,
                Long.parseUnsignedLong(range[1], 16),
                Long.parseUnsignedLong(field[2], 16),
                field.length < 6 ? "[anonymous]" : field[5]));
      }
    }
  }

  Optional<Mapping> find(long address) {
    Map.Entry<Long, Mapping> below = mappings.floorEntry(address);
    return below != null && address < below.getValue().end()
        ? Optional.of(below.getValue())
        : Optional.empty();
  }

  /** The file as this process sees it: in its own mount namespace. */
  Path file(Mapping mapping) {
    return Path.of("/proc/" + process + "/root" + mapping.path());
  }

  /** Whether the instruction before it is a call of x86-64. */
  boolean isReturnAddress(long address) {
    Optional<Mapping> mapping = find(address);
    return mapping.isPresent()
        && calls.computeIfAbsent(address, a -> followsCall(mapping.get(), a));
  }

  private boolean followsCall(Mapping mapping, long address) {
    long at = address - mapping.begin() + mapping.offset();
    if (!mapping.isFile() || at < LONGEST_CALL) {
      return false;
    }
    byte[] code = new byte[LONGEST_CALL];
    try (RandomAccessFile file = new RandomAccessFile(file(mapping).toFile(), "r")) {
      file.seek(at - LONGEST_CALL);
      file.readFully(code);
    } catch (IOException unreadable) {
      return false;
    }
    if ((code[LONGEST_CALL - 5] & 0xff) == CALL) {
      return true;
    }
    // call through a register or memory: ff /2, of two to seven bytes
    for (int length = 2; length <= LONGEST_CALL; length++) {
      int i = LONGEST_CALL - length;
      if ((code[i] & 0xff) == CALL_INDIRECT && (code[i + 1] >> 3 & 7) == 2) {
        return true;
      }
    }
    return false;
  }
}
