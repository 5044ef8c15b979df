package com.paiml.duende.platform;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * What can be known of a machine without asking anybody: its files, our variables, the names that the JVM gives it.
 *
 * @param root where its files begin: {@code /}, or a folder with a recording
 * @param env environment variables
 * @param osName as {@code os.name}
 * @param osArch as {@code os.arch}
 */
record Facts(Path root, Map<String, String> env, String osName, String osArch) {
  private static final int MAX_READ = 1 << 20;

  Facts {
    env = Map.copyOf(env);
  }

  /** Of this machine. */
  static Facts here() {
    return new Facts(
        Path.of("/"),
        System.getenv(),
        System.getProperty("os.name"),
        System.getProperty("os.arch"));
  }

  Optional<String> variable(String name) {
    return Optional.ofNullable(env.get(name));
  }

  boolean exists(String path) {
    return Files.exists(at(path), LinkOption.NOFOLLOW_LINKS);
  }

  /** The beginning of a file, at most 1 MiB; empty where it cannot be read. */
  Optional<String> read(String path) {
    try (InputStream in = Files.newInputStream(at(path))) {
      return Optional.of(new String(in.readNBytes(MAX_READ), StandardCharsets.UTF_8));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private Path at(String path) {
    return root.resolve(path.substring(1));
  }

  /** {@code linux}, {@code macos}, {@code windows}, or what the JVM says in lower case. */
  String os() {
    String name = osName.toLowerCase(Locale.ROOT);
    if (name.startsWith("mac") || name.startsWith("darwin")) {
      return "macos";
    }
    return name.startsWith("windows") ? "windows" : name;
  }

  /** {@code x86_64}, {@code aarch64}, or what the JVM says. */
  String architecture() {
    return switch (osArch) {
      case "amd64", "x86_64" -> "x86_64";
      case "arm64", "aarch64" -> "aarch64";
      default -> osArch;
    };
  }
}
