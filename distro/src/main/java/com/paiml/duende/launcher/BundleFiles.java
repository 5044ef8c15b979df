package com.paiml.duende.launcher;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The jar files of some folders.
 *
 * @param folders in the order in which their bundles are installed
 */
record BundleFiles(List<Path> folders) {
  private static final Logger LOG = Logger.getLogger("duende.bundles");

  /**
   * The files as they are now.
   *
   * @param known as they were before; still counts for a folder that cannot be read
   */
  Map<Path, Stamp> scan(Map<Path, Stamp> known) {
    // By name: two starts of one distribution do the same things in the same order.
    Map<Path, Stamp> found = new LinkedHashMap<>();
    for (Path folder : folders) {
      var sorted = new TreeMap<Path, Stamp>();
      try (DirectoryStream<Path> jars = Files.newDirectoryStream(folder, "*.jar")) {
        for (Path jar : jars) {
          add(jar, sorted);
        }
      } catch (NoSuchFileException e) {
        LOG.fine(() -> folder + " is not there; no bundles from it");
      } catch (IOException | DirectoryIteratorException e) {
        LOG.log(Level.WARNING, e, () -> "cannot read the bundle folder " + folder);
        known.forEach(
            (path, stamp) -> {
              if (folder.equals(path.getParent())) {
                found.put(path, stamp);
              }
            });
      }
      found.putAll(sorted);
    }
    return found;
  }

  private static void add(Path jar, Map<Path, Stamp> to) {
    try {
      to.put(jar, Stamp.of(jar));
    } catch (IOException e) {
      LOG.fine(() -> jar + " is left out: " + e);
    }
  }
}
