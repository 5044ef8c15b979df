package com.paiml.duende.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * What tells one content of a file from the next without reading it.
 *
 * @param modified in milliseconds since 1970
 * @param size in bytes
 */
record Stamp(long modified, long size) {
  static Stamp of(Path file) throws IOException {
    var attributes = Files.readAttributes(file, BasicFileAttributes.class);
    if (!attributes.isRegularFile()) {
      throw new IOException(file + " is not a regular file");
    }
    return new Stamp(attributes.lastModifiedTime().toMillis(), attributes.size());
  }

  @Override
  public String toString() {
    return modified + " " + size;
  }
}
