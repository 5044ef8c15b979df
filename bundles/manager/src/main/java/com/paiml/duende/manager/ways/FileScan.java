package com.paiml.duende.manager.ways;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** What lies in a folder of configuration files, and what tells one content of a file from the next. */
final class FileScan {
  private FileScan() {}

  /**
   * @param modified milliseconds since the epoch, of the file that a link leads to
   * @param size bytes
   * @param key what the system knows the file by: another file that was renamed to this name has another
   */
  record Stamp(long modified, long size, String key) {}

  /** The files NAME.toml by path; none where there is no such folder. Hidden ones, and those of editors, are left out. */
  static SequencedMap<Path, Stamp> of(Path folder) throws IOException {
    SequencedMap<Path, Stamp> found = new TreeMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = file.getFileName().toString();
        if (name.endsWith(".toml") && !name.startsWith(".") && !name.startsWith("#")) {
          stamp(found, file);
        }
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      found.clear();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return found;
  }

  private static void stamp(SequencedMap<Path, Stamp> found, Path file) throws IOException {
    try {
      found.put(file, stamp(Files.readAttributes(file, BasicFileAttributes.class)));
    } catch (FileSystemException e) {
      // A link that leads nowhere or in circles is there all the same, and its reader says what is
      // wrong with it.
      if (Files.isSymbolicLink(file)) {
        found.put(
            file,
            stamp(
                Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)));
      }
    }
  }

  private static Stamp stamp(BasicFileAttributes a) {
    return new Stamp(a.lastModifiedTime().toMillis(), a.size(), String.valueOf(a.fileKey()));
  }
}
