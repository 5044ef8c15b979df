package com.paiml.duende.manager.engine;

import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.What;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is wrong with the paths of a program, as far as can be seen before it is started. */
final class Paths {
  /** PATH_MAX of linux/limits.h, with its zero. */
  private static final int PATH_MAX = 4096;

  /** NAME_MAX of linux/limits.h. */
  private static final int NAME_MAX = 255;

  private Paths() {}

  static List<ConfigFault> faults(DaemonConfig config, String origin) {
    List<ConfigFault> faults = new ArrayList<>();
    check("working_dir", config.workingDir(), true, origin).ifPresent(faults::add);
    check("config_path", config.configPath(), false, origin).ifPresent(faults::add);
    if (config.what() instanceof What.Program p && p.path().startsWith("/")) {
      check("binary_path", p.path(), true, origin).ifPresent(faults::add);
    }
    return faults;
  }

  private static Optional<ConfigFault> check(
      String key, String text, boolean mustExist, String origin) {
    if (text.isEmpty()) {
      return Optional.empty();
    }
    int bytes = text.getBytes(StandardCharsets.UTF_8).length;
    if (bytes >= PATH_MAX) {
      return fault(
          origin, key, "the path has " + bytes + " bytes, a path has at most " + (PATH_MAX - 1));
    }
    for (String part : text.split("/", -1)) {
      if (part.getBytes(StandardCharsets.UTF_8).length > NAME_MAX) {
        return fault(origin, key, "a name in the path has more than " + NAME_MAX + " bytes");
      }
    }
    Path path;
    try {
      path = Path.of(text);
    } catch (InvalidPathException e) {
      return fault(origin, key, "is not a path: " + e.getReason());
    }
    if (!path.isAbsolute()) {
      return Optional.empty();
    }
    try {
      var _ = path.toRealPath();
      return Optional.empty();
    } catch (FileSystemLoopException e) {
      return fault(origin, key, text + " leads in a circle of symbolic links");
    } catch (NoSuchFileException e) {
      return mustExist && Files.isSymbolicLink(path)
          ? fault(origin, key, text + " is a symbolic link to nothing")
          : mustExist ? fault(origin, key, text + " does not exist") : Optional.empty();
    } catch (FileSystemException e) {
      // ELOOP has no exception of its own in every place that can meet it.
      String reason = String.valueOf(e.getReason());
      return reason.contains("symbolic links")
          ? fault(origin, key, text + " leads in a circle of symbolic links")
          : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static Optional<ConfigFault> fault(String origin, String key, String problem) {
    return Optional.of(new ConfigFault(origin, 0, 0, key, problem, "write another path"));
  }
}
