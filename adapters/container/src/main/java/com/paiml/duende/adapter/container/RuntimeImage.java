package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.ImageRecipe;
import com.paiml.duende.adapter.container.engine.Tar;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files of the image that runs daemon classes: a Java runtime made by jlink, and the few libraries of this system that it
 * is linked with. Nothing else, not even a shell; classes are mounted when a daemon starts.
 *
 * @param folder that holds them, and the archive
 */
record RuntimeImage(Path folder) implements AutoCloseable {
  static final List<String> MODULES =
      List.of(
          "java.base",
          "java.logging",
          "java.management",
          "java.naming",
          "java.net.http",
          "java.sql",
          "java.xml",
          "jdk.crypto.ec",
          "jdk.net",
          "jdk.unsupported");

  static final ImageRecipe RECIPE =
      new ImageRecipe(
          List.of(Plans.JAVA),
          List.of("PATH=/opt/java/bin", "JAVA_HOME=/opt/java", "LANG=C.UTF-8"),
          Map.of("duende.image", "host"));

  /** {@code libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)}, and the loader alone on its line, ldd(1). */
  private static final Pattern LIBRARY = Pattern.compile("(?:=>\\s+)?(/\\S+)\\s+\\(0x[0-9a-f]+\\)");

  /** @return its files as a tar archive, in {@link #archive()} */
  static RuntimeImage make(Path javaHome, List<String> modules, Deadline deadline)
      throws DaemonException {
    try {
      RuntimeImage image = new RuntimeImage(Files.createTempDirectory("duende-runtime-"));
      try {
        image.fill(javaHome, modules.isEmpty() ? MODULES : modules, deadline);
        return image;
      } catch (DaemonException | IOException e) {
        image.close();
        throw e;
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          "the runtime",
          "cannot be put together: " + e.getMessage(),
          "see the space left for temporary files",
          e);
    }
  }

  Path archive() {
    return folder.resolve("layer.tar");
  }

  private void fill(Path javaHome, List<String> modules, Deadline deadline)
      throws DaemonException, IOException {
    Path jlink = javaHome.resolve("bin/jlink");
    if (!Files.isExecutable(jlink)) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          "jlink",
          "is not in " + javaHome,
          "start Duende with a JDK, not with a JRE");
    }
    Path root = folder.resolve("root");
    Files.createDirectories(root.resolve("opt"));
    for (String empty : List.of("tmp", "proc", "sys", "dev", "etc")) {
      Files.createDirectories(root.resolve(empty));
    }
    Path java = root.resolve("opt/java");
    String _ =
        run(
            List.of(
                jlink.toString(),
                "--add-modules",
                String.join(",", modules),
                "--strip-debug",
                "--no-header-files",
                "--no-man-pages",
                "--output",
                java.toString()),
            deadline);
    Files.writeString(root.resolve("etc/passwd"), "root:x:0:0:root:/:/none\n");
    Files.writeString(root.resolve("etc/group"), "root:x:0:\n");
    for (String library : libraries(java, deadline)) {
      Path target = root.resolve(library.substring(1));
      Files.createDirectories(target.getParent());
      Path _ =
          Files.copy(Path.of(library).toRealPath(), target, StandardCopyOption.REPLACE_EXISTING);
    }
    Tar.pack(root, archive(), deadline);
  }

  /** What the runtime is linked with, by the paths at which it is looked for. */
  private Set<String> libraries(Path java, Deadline deadline) throws DaemonException, IOException {
    List<String> words = new ArrayList<>(List.of("ldd", java.resolve("bin/java").toString()));
    try (Stream<Path> files = Files.walk(java.resolve("lib"))) {
      files.filter(f -> f.toString().endsWith(".so")).forEach(f -> words.add(f.toString()));
    }
    Set<String> found = new TreeSet<>();
    for (String line : run(words, deadline).lines().toList()) {
      Matcher m = LIBRARY.matcher(line);
      if (m.find() && !m.group(1).startsWith(folder.toString())) {
        found.add(m.group(1));
      }
    }
    return found;
  }

  private String run(List<String> words, Deadline deadline) throws DaemonException, IOException {
    Path output = folder.resolve("said");
    Process process =
        new ProcessBuilder(words)
            .redirectErrorStream(true)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(output.toFile())
            .start();
    try {
      if (!process.waitFor(Math.max(1, deadline.remaining().toMillis()), TimeUnit.MILLISECONDS)) {
        Process _ = process.destroyForcibly();
        throw new DaemonException(
            ErrorCode.TIMEOUT, words.getFirst(), "did not end in time", "try again");
      }
    } catch (InterruptedException e) {
      Process _ = process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT, words.getFirst(), "was interrupted", "try again", e);
    }
    String said = Files.readString(output);
    if (process.exitValue() != 0) {
      String last = said.strip().substring(Math.max(0, said.strip().length() - 500));
      throw new DaemonException(
          ErrorCode.IO, words.getFirst(), "failed: " + last, "see what it says");
    }
    return said;
  }

  @Override
  public void close() throws DaemonException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, folder.toString(), "cannot be removed: " + e, "remove it by hand", e);
    }
  }
}
