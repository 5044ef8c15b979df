package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Whole disks, by {@code /sys/block}. */
final class Disks {
  private static final Path SYS_BLOCK = Path.of("/sys/block");

  private Disks() {}

  /** {@code MAJOR:MINOR} of every disk that has a size. */
  static List<String> numbers(ControlFiles files) throws LinuxException {
    List<String> numbers = new ArrayList<>();
    try (DirectoryStream<Path> disks = Files.newDirectoryStream(SYS_BLOCK)) {
      for (Path disk : disks) {
        if (files.number(disk.resolve("size")).orElse(0) > 0) {
          numbers.add(files.read(disk.resolve("dev")));
        }
      }
    } catch (NoSuchFileException none) {
      return List.of();
    } catch (IOException unreadable) {
      throw new LinuxException(
          Errno.EIO, "open", SYS_BLOCK.toString(), "It cannot be listed: " + unreadable);
    }
    return numbers;
  }
}
