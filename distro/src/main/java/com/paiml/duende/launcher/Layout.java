package com.paiml.duende.launcher;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The folders of a container; {@code bin/duende} decides them and passes absolute paths.
 *
 * @param home the distribution: {@code bundles/}, {@code lib/}; never written to
 * @param etc configuration; may be absent
 * @param data what this container writes
 */
record Layout(Path home, Path etc, Path data) {

  static Layout from(Function<String, @Nullable String> property) throws LauncherException {
    Path home = folder(property, "duende.home");
    return new Layout(home, folder(property, "duende.etc"), folder(property, "duende.data"));
  }

  private static Path folder(Function<String, @Nullable String> property, String key)
      throws LauncherException {
    String value = property.apply(key);
    if (value == null || value.isBlank()) {
      throw new LauncherException("-D" + key + "=FOLDER is missing: start Duende with bin/duende");
    }
    return Path.of(value).toAbsolutePath().normalize();
  }

  /** Where bundles come from, the distribution's own first. */
  List<Path> bundleFolders() {
    return List.of(home.resolve("bundles"), data.resolve("bundles"));
  }

  Path log() {
    return data.resolve("log");
  }

  /** The framework's own jar file. */
  Path framework() {
    return home.resolve("lib").resolve("felix.jar");
  }

  Path cache() {
    return data.resolve("cache");
  }

  Path lock() {
    return data.resolve("container.lock");
  }

  Path controlSocket() {
    return data.resolve("control.sock");
  }

  Map<String, String> properties() {
    return Map.of(
        "duende.home",
        home.toString(),
        "duende.etc",
        etc.toString(),
        "duende.data",
        data.toString());
  }

  /**
   * Makes the folders that the container writes to, for its own user only. What root starts as another user has to come to its
   * own folder below the data folder: that can be passed through then.
   */
  void create() throws LauncherException {
    for (Path folder : List.of(data, log(), data.resolve("bundles"))) {
      try {
        if (Files.isDirectory(folder)) {
          continue;
        }
        Path parent = folder.getParent();
        if (parent != null) {
          Files.createDirectories(parent);
        }
        var mine =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
        Files.createDirectory(folder, mine);
        if (folder.equals(data) && "root".equals(System.getProperty("user.name"))) {
          Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
        }
      } catch (FileAlreadyExistsException e) {
        throw new LauncherException(
            folder
                + " is there and is not a folder: move it away, or name another with DUENDE_DATA",
            e);
      } catch (IOException e) {
        throw new LauncherException(
            "cannot make the folder "
                + folder
                + ": name one that can be written to with DUENDE_DATA",
            e);
      }
    }
  }

  /**
   * To be called when the framework has made the cache. What bundles keep there has the mode of the umask, configurations with what
   * stands in environments among it, and the data folder may have been made beforehand, open to others.
   */
  void closeCache() throws IOException {
    Set<PosixFilePermission> mine = PosixFilePermissions.fromString("rwx------");
    if (!mine.containsAll(Files.getPosixFilePermissions(cache()))) {
      Files.setPosixFilePermissions(cache(), mine);
    }
  }
}
