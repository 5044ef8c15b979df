package com.paiml.duende.support.program;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.LaunchSpec;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/** Finds the file of a program: a path, absolute or from the working directory, or a name to be found on the daemon's PATH. */
public final class ProgramFile {
  private ProgramFile() {}

  /** Finds it on this machine. */
  public static Path find(String path, LaunchSpec spec) throws DaemonException {
    return find(path, spec, UnaryOperator.identity());
  }

  /**
   * Finds it.
   *
   * @param here where this machine has a file of the machine on which the daemon is to run
   */
  public static Path find(String path, LaunchSpec spec, UnaryOperator<Path> here)
      throws DaemonException {
    try {
      Path directory = workingDirectory(spec);
      if (path.isEmpty()) {
        throw new DaemonException(
            ErrorCode.CONFIGURATION, spec.name(), "has no program", "write binary_path");
      }
      if (path.indexOf('/') >= 0) {
        // Whether it can be run is said better by who runs it than by a look beforehand.
        return directory.resolve(path);
      }
      String search = pathVariable(spec);
      for (String folder : search.split(":")) {
        if (!folder.isEmpty()) {
          Path file = directory.resolve(folder).resolve(path);
          Path seen = here.apply(file);
          if (Files.isRegularFile(seen) && Files.isExecutable(seen)) {
            return file;
          }
        }
      }
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          spec.name(),
          "there is no program \"" + path + "\" on its PATH (" + search + ")",
          "install it, or write binary_path with its whole path");
    } catch (InvalidPathException e) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          spec.name(),
          "binary_path or working_dir is no path: " + e.getMessage(),
          "correct it",
          e);
    }
  }

  /** Where it runs: as configured, else its state directory. */
  public static Path workingDirectory(LaunchSpec spec) {
    String configured = spec.config().workingDir();
    Path state = spec.stateDirectory().toAbsolutePath();
    return configured.isEmpty() ? state : state.resolve(configured);
  }

  private static String pathVariable(LaunchSpec spec) {
    return spec.env().stream()
        .filter(v -> v.startsWith("PATH="))
        .reduce((a, b) -> b)
        .map(v -> v.substring("PATH=".length()))
        .orElse("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  }
}
