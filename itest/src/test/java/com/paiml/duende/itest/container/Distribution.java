package com.paiml.duende.itest.container;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The distribution under test, where the build has assembled it. */
public final class Distribution {
  private Distribution() {}

  /** Its folder. */
  public static Path home() {
    String folder = System.getProperty("duende.dist");
    if (folder == null) {
      throw new IllegalStateException("-Dduende.dist=FOLDER is missing: run this test with Maven");
    }
    return Path.of(folder).toAbsolutePath().normalize();
  }

  /** The framework properties by which the launcher names its folders, for a container that writes below this one. */
  public static Map<String, String> folders(Path folder) {
    return Map.of(
        "duende.home", home().toString(),
        "duende.etc", folder.resolve("etc").toString(),
        "duende.data", folder.resolve("data").toString(),
        "duende.mode", "foreground");
  }

  /** Its bundles, by file name. */
  public static List<Path> bundles() {
    try (Stream<Path> jars = Files.list(home().resolve("bundles"))) {
      return jars.filter(jar -> jar.toString().endsWith(".jar")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
