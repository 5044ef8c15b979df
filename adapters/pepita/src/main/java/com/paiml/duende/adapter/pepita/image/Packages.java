package com.paiml.duende.adapter.pepita.image;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Packages of Debian or Ubuntu, fetched by apt into a folder and unpacked there; nothing is installed. */
final class Packages {
  private static final Pattern KERNEL =
      Pattern.compile("^\\s*Depends: (linux-image-[a-z0-9.+-]+)$", Pattern.MULTILINE);

  private final Path folder;
  private final Consumer<String> progress;
  private final Deadline deadline;
  private final Map<String, String> versions = new HashMap<>();

  Packages(Path folder, Consumer<String> progress, Deadline deadline) throws IOException {
    this.folder = Files.createDirectories(folder);
    this.progress = progress;
    this.deadline = deadline;
  }

  /** The package with the kernel itself, of the first of these that apt knows. */
  String kernel(List<String> names) throws DaemonException {
    DaemonException last = null;
    for (String name : names) {
      refuseOdd(name);
      String depends;
      try {
        depends = Commands.run(folder, Map.of(), deadline, List.of("apt-cache", "depends", name));
      } catch (DaemonException e) {
        // Of a name that it does not know it says so and fails: the next may be known.
        last = e;
        continue;
      }
      Matcher found = KERNEL.matcher(depends);
      if (found.find()) {
        return found.group(1);
      }
      if (depends.startsWith(name)) {
        return name;
      }
    }
    throw new DaemonException(
        ErrorCode.NOT_FOUND,
        String.join(", ", names),
        "no such kernel package is known to apt",
        "run apt-get update, or name one with --kernel",
        last);
  }

  private static void refuseOdd(String name) throws DaemonException {
    if (!name.matches("[a-z0-9][a-z0-9.+-]*")) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION, "\"" + name + "\"", "is no name of a package", "see apt-cache");
    }
  }

  /** The version of a package that was unpacked, with its name. */
  String version(String name) {
    return versions.getOrDefault(name, name);
  }

  /** Fetches a package, unless it is there in its newest version, and unpacks it. */
  Path unpack(String name, Path into) throws IOException, DaemonException {
    refuseOdd(name);
    String version = candidate(name);
    versions.put(name, name + " " + version);
    String file = name + "_" + version.replace(":", "%3a") + "_";
    Path there = find(file);
    if (there == null) {
      progress.accept("package " + name + " " + version + ": fetching");
      String _ =
          Commands.run(
              folder,
              Map.of(),
              deadline,
              List.of("apt-get", "-o", "APT::Sandbox::User=", "download", name + "=" + version));
      there = find(file);
    } else {
      progress.accept("package " + name + " " + version + ": is there");
    }
    if (there == null) {
      throw new DaemonException(
          ErrorCode.IO, name, "apt fetched it to another place", "see " + folder);
    }
    String _ =
        Commands.run(
            folder,
            Map.of(),
            deadline,
            List.of(
                "dpkg-deb",
                "-x",
                there.toString(),
                Files.createDirectories(into).toAbsolutePath().toString()));
    return into;
  }

  private String candidate(String name) throws DaemonException {
    for (String line :
        Commands.run(folder, Map.of(), deadline, List.of("apt-cache", "policy", name))
            .lines()
            .toList()) {
      String stripped = line.strip();
      if (stripped.startsWith("Candidate: ") && !stripped.endsWith("(none)")) {
        return stripped.substring("Candidate: ".length());
      }
    }
    throw new DaemonException(
        ErrorCode.NOT_FOUND, name, "apt knows no such package", "run apt-get update");
  }

  private @org.jspecify.annotations.Nullable Path find(String prefix) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(f -> f.getFileName().toString().startsWith(prefix))
          .filter(f -> f.getFileName().toString().endsWith(".deb"))
          .findFirst()
          .orElse(null);
    }
  }
}
