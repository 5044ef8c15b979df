package com.paiml.duende.manager.file;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.What;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.Set;

/** Looks whether the program of a daemon is there, on the platforms that run it from this machine's own files. */
public final class LocalFiles {
  private static final Set<String> PLATFORMS = Set.of("native", "systemd", "launchd");

  private final String searchPath;

  /** @param searchPath folders parted by colons, as in PATH; a PATH of the file's own env wins */
  public LocalFiles(String searchPath) {
    this.searchPath = searchPath;
  }

  void check(DaemonConfig config, Faults faults) {
    if (!PLATFORMS.contains(config.platform()) || faults.concern("platform")) {
      return;
    }
    if (config.what() instanceof What.Program p
        && !p.path().isEmpty()
        && !faults.concern("binary_path")) {
      program(config, p.path()).ifPresent(x -> faults.add("binary_path", x.problem(), x.remedy()));
    }
    if (config.workingDir().startsWith("/") && !faults.concern("working_dir")) {
      folder(config.workingDir())
          .ifPresent(x -> faults.add("working_dir", x.problem(), x.remedy()));
    }
  }

  private Optional<Problem> program(DaemonConfig config, String path) {
    try {
      if (!path.contains("/")) {
        return onPath(path, config.env("PATH").orElse(searchPath));
      }
      Path file = Path.of(path);
      if (file.isAbsolute()) {
        return executable(file);
      }
      return config.workingDir().startsWith("/")
          ? executable(Path.of(config.workingDir()).resolve(file))
          : Optional.empty();
    } catch (InvalidPathException e) {
      return Optional.of(new Problem("is not a path: " + e.getReason(), "write another"));
    }
  }

  private static Optional<Problem> onPath(String name, String searchPath) {
    for (String folder : searchPath.split(":")) {
      Path file = Path.of(folder.isEmpty() ? "." : folder).resolve(name);
      if (Files.isExecutable(file) && !Files.isDirectory(file)) {
        return Optional.empty();
      }
    }
    return Optional.of(
        new Problem(
            "no program \"" + Texts.shorten(name) + "\" is on the PATH",
            "install it, or write its absolute path"));
  }

  private static Optional<Problem> executable(Path file) {
    return look(file)
        .or(
            () ->
                Files.isDirectory(file)
                    ? Optional.of(new Problem(file + " is a folder", "write the path of a program"))
                    : Optional.empty())
        .or(
            () ->
                Files.isExecutable(file)
                    ? Optional.empty()
                    : Optional.of(new Problem(file + " is not executable", "chmod +x " + file)));
  }

  /** A folder that is not there may come; what is something else, or leads nowhere, will not do. */
  private static Optional<Problem> folder(String path) {
    try {
      Path folder = Path.of(path);
      if (Files.exists(folder) && !Files.isDirectory(folder)) {
        return Optional.of(new Problem(path + " is not a folder", "write the path of a folder"));
      }
      return Files.isSymbolicLink(folder) ? look(folder) : Optional.empty();
    } catch (InvalidPathException e) {
      return Optional.of(new Problem("is not a path: " + e.getReason(), "write another"));
    }
  }

  /** Whether something is there, as far as can be seen. */
  private static Optional<Problem> look(Path file) {
    try {
      var _ = Files.readAttributes(file, BasicFileAttributes.class);
      return Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.of(new Problem("there is no " + file, "mend the path, or install it"));
    } catch (AccessDeniedException e) {
      // The daemon's own user may see more than we do.
      return Optional.empty();
    } catch (FileSystemException e) {
      String reason = e.getReason() == null ? "cannot be looked at" : e.getReason();
      return Optional.of(
          reason.contains("symbolic links")
              ? new Problem(file + " is a loop of symbolic links", "mend the links")
              : new Problem(file + ": " + reason, "mend the path"));
    } catch (IOException e) {
      return Optional.of(new Problem(file + ": " + e.getMessage(), "mend the path"));
    }
  }
}
