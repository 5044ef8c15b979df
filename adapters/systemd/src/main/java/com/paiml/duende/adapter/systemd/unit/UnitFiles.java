package com.paiml.duende.adapter.systemd.unit;

import com.paiml.duende.adapter.systemd.kernel.Machine;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The folder with unit files of one manager.
 *
 * @param folder the folder
 * @param wants the folder of links by which a target starts them
 */
public record UnitFiles(Path folder, Path wants) {

  /** Those that stay: {@code /etc/systemd/system}, {@code ~/.config/systemd/user}. */
  public static UnitFiles persistent(Machine machine, boolean ofUser) {
    Path folder =
        machine.path(
            ofUser
                ? Path.of(configHome(machine), "systemd", "user").toString()
                : "/etc/systemd/system");
    return new UnitFiles(folder, folder.resolve(UnitFile.target(ofUser) + ".wants"));
  }

  /** Those that go with the machine's next start, or the session: {@code /run/systemd/system}. */
  public static UnitFiles transientOnes(Machine machine, boolean ofUser) {
    Path folder =
        machine.path(ofUser ? Machine.runtimeFolder() + "/systemd/user" : "/run/systemd/system");
    return new UnitFiles(folder, folder.resolve(UnitFile.target(ofUser) + ".wants"));
  }

  private static String configHome(Machine machine) {
    String config = System.getenv("XDG_CONFIG_HOME");
    return config == null || config.isEmpty() || !machine.isHere()
        ? System.getProperty("user.home") + "/.config"
        : config;
  }

  /**
   * Writes one, readable for everybody (0644), whole or not at all.
   *
   * @param install whether its target wants it
   * @throws DaemonException {@code already-exists} when there is a file of that name that is not of this instance
   */
  public void write(String unit, String text, String instance, boolean install)
      throws DaemonException {
    Path file = folder.resolve(unit);
    try {
      Files.createDirectories(folder);
      if (Files.exists(file) && !UnitFile.isOurs(Files.readString(file), instance)) {
        throw new DaemonException(
            ErrorCode.ALREADY_EXISTS,
            unit,
            file + " is there, and not ours",
            "remove it, or give the daemon another name");
      }
      Path fresh =
          Files.createTempFile(
              folder,
              "." + unit,
              ".new",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--")));
      try {
        Files.writeString(fresh, text);
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-r--r--"));
        Files.move(
            fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(fresh);
      }
      if (install) {
        Files.createDirectories(wants);
        Path link = wants.resolve(unit);
        Files.deleteIfExists(link);
        Files.createSymbolicLink(link, Path.of("..", unit));
      }
    } catch (IOException e) {
      throw refused(file, "cannot be written", e);
    }
  }

  /** Removes one of that instance, and what links to it. Another's stays. Returns whether there was one. */
  @com.google.errorprone.annotations.CanIgnoreReturnValue
  public boolean remove(String unit, String instance) throws DaemonException {
    Path file = folder.resolve(unit);
    try {
      if (!Files.exists(file) || !UnitFile.isOurs(Files.readString(file), instance)) {
        return false;
      }
      Files.deleteIfExists(wants.resolve(unit));
      Files.deleteIfExists(file);
      return true;
    } catch (IOException e) {
      throw refused(file, "cannot be removed", e);
    }
  }

  /** The units of that instance. */
  public List<String> list(String instance) throws DaemonException {
    List<String> ours = new ArrayList<>();
    if (!Files.isDirectory(folder)) {
      return ours;
    }
    try (Stream<Path> all = Files.list(folder)) {
      for (Path file : all.filter(f -> f.getFileName().toString().startsWith("duende-")).toList()) {
        if (Files.isRegularFile(file) && UnitFile.isOurs(Files.readString(file), instance)) {
          ours.add(file.getFileName().toString());
        }
      }
      return ours;
    } catch (IOException e) {
      throw refused(folder, "cannot be read", e);
    }
  }

  private static DaemonException refused(Path file, String what, IOException e) {
    return new DaemonException(
        ErrorCode.IO,
        file.toString(),
        what + ": " + e,
        "see the rights of its folder; root may write there, or write scope = \"user\"",
        e);
  }
}
