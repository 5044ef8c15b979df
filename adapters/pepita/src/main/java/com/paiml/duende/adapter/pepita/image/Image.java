package com.paiml.duende.adapter.pepita.image;

import java.nio.file.Path;
import java.util.Map;

/**
 * What machines boot from.
 *
 * @param name its name in the cache
 * @param folder where it is
 * @param properties how it was made: versions, sizes, SHA-256 of its parts
 */
public record Image(String name, Path folder, Map<String, String> properties) {
  public Image {
    properties = Map.copyOf(properties);
  }

  /** An ELF kernel. */
  public Path kernel() {
    return folder.resolve("vmlinux");
  }

  /** The guest's init, modules, and a small system with busybox. */
  public Path initrd() {
    return folder.resolve("initrd.cpio");
  }

  /** A root file system with a Java runtime; only some images have one. */
  public Path java() {
    return folder.resolve("java.ext4");
  }

  /** What tells it from every other. */
  public String digest() {
    return properties.getOrDefault("sha256.initrd", "")
        + properties.getOrDefault("sha256.kernel", "");
  }
}
