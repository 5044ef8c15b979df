package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;

/** Folders and one-line files of the kernel, with its own error numbers. */
final class ControlFiles {
  private static final int AT_REMOVEDIR = 0x200;
  private static final int FOLDER_MODE = 0755;

  private final Kernel kernel;

  ControlFiles(Kernel kernel) {
    this.kernel = kernel;
  }

  Kernel kernel() {
    return kernel;
  }

  String read(Path file) throws LinuxException {
    return kernel.readFile(file.toString()).strip();
  }

  /** The content, or nothing when there is no such file. */
  String readIfThere(Path file) throws LinuxException {
    return ifThere(() -> read(file));
  }

  /** As {@link #readIfThere}, for a file that the kernel writes in one go (seq_file with one record): it is read once. */
  private String record(Path file) throws LinuxException {
    return ifThere(() -> kernel.readRecord(file.toString()).strip());
  }

  @FunctionalInterface
  private interface Content {
    String read() throws LinuxException;
  }

  private static String ifThere(Content content) throws LinuxException {
    try {
      return content.read();
    } catch (LinuxException refused) {
      if (refused.is(Errno.ENOENT) || refused.is(Errno.ENODEV) || refused.is(Errno.EOPNOTSUPP)) {
        return "";
      }
      throw refused;
    }
  }

  /** The number that is the content, empty when there is none. */
  OptionalLong number(Path file) throws LinuxException {
    String text = record(file);
    return text.isEmpty() || text.equals("max")
        ? OptionalLong.empty()
        : OptionalLong.of(Long.parseLong(text));
  }

  /** The number behind a word at the start of a line. */
  OptionalLong entry(Path file, String word) throws LinuxException {
    String text = "\n" + record(file) + "\n";
    String start = "\n" + word + " ";
    int at = text.indexOf(start);
    return at < 0
        ? OptionalLong.empty()
        : OptionalLong.of(
            Long.parseLong(text, at + start.length(), text.indexOf('\n', at + 1), 10));
  }

  List<Integer> pids(Path file) throws LinuxException {
    return Arrays.stream(readIfThere(file).split("\\s+", -1))
        .filter(word -> !word.isEmpty())
        .map(Integer::valueOf)
        .toList();
  }

  void write(Path file, String text) throws LinuxException {
    try (Arena arena = Arena.ofConfined();
        Fd fd = kernel.open(file.toString(), Kernel.O_WRONLY, 0)) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      MemorySegment buffer = arena.allocate(Math.max(1, bytes.length));
      MemorySegment.copy(bytes, 0, buffer, ValueLayout.JAVA_BYTE, 0, bytes.length);
      long written = fd.use(n -> kernel.raw(Call.WRITE, n, buffer.address(), bytes.length));
      Kernel.check(written, Call.WRITE, "\"" + text + "\" to " + file);
    }
  }

  boolean exists(Path path) {
    try (Arena arena = Arena.ofConfined()) {
      long found =
          kernel.raw(
              Call.FACCESSAT, Kernel.AT_FDCWD, Kernel.cString(arena, path.toString()).address(), 0);
      return found == 0;
    }
  }

  /** Makes a folder; returns whether it was not there. */
  boolean makeFolder(Path folder) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      long made =
          kernel.raw(
              Call.MKDIRAT,
              Kernel.AT_FDCWD,
              Kernel.cString(arena, folder.toString()).address(),
              FOLDER_MODE);
      if (Kernel.isErrno(made, Errno.EEXIST)) {
        return false;
      }
      Kernel.check(made, Call.MKDIRAT, folder.toString());
      return true;
    }
  }

  /** Removes a folder; 0, or the error number negated. */
  long removeFolder(Path folder) {
    try (Arena arena = Arena.ofConfined()) {
      return kernel.raw(
          Call.UNLINKAT,
          Kernel.AT_FDCWD,
          Kernel.cString(arena, folder.toString()).address(),
          AT_REMOVEDIR);
    }
  }
}
