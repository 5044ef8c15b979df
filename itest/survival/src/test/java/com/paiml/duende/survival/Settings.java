package com.paiml.duende.survival;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What the build tells the tests. */
final class Settings {
  private Settings() {}

  static Path distribution() {
    return path("duende.dist");
  }

  static Path probe() {
    return path("duende.probe");
  }

  static Path modules() {
    return path("duende.modules");
  }

  /** The script that makes an image of the distribution. */
  static Path image() {
    return path("duende.image");
  }

  private static Path path(String property) {
    String value = System.getProperty(property);
    if (value == null) {
      throw new IllegalStateException("-D" + property + " is missing: run this with Maven");
    }
    return Path.of(value).toAbsolutePath().normalize();
  }

  /** Where the images of machines are, when one has been built. */
  static Optional<Path> machines() {
    return Optional.of(path("duende.machines"))
        .filter(folder -> Files.isReadable(folder.resolve("default/initrd.cpio")));
  }

  /** The platforms that -Dsurvival.platforms names, beside what every container has; all unless it does. */
  static List<String> platforms() {
    String value = System.getProperty("duende.survival.platforms", "");
    return List.of(
        (value.isEmpty() ? "systemd,docker,podman,containerd,pepita" : value).split(","));
  }

  /** Which bundles are replaced; these unless -Dsurvival.bundles names some of them. */
  static List<String> bundles(List<String> all) {
    String value = System.getProperty("duende.survival.bundles", "");
    return value.isEmpty() ? all : List.of(value.split(","));
  }

  /** Of everything random; another one each time unless -Dsurvival.seed says which. */
  static long seed() {
    String value = System.getProperty("duende.survival.seed", "");
    return value.isEmpty() ? System.nanoTime() & 0xffff_ffffL : Long.parseLong(value);
  }

  /** How often, unless -Dsurvival.rounds says otherwise. */
  static int rounds(int usual) {
    String value = System.getProperty("duende.survival.rounds", "");
    return value.isEmpty() ? usual : Integer.parseInt(value);
  }
}
