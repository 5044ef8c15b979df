package com.paiml.duende.bench;

import com.paiml.duende.bench.drive.Installed;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What scenarios work with.
 *
 * @param home the distribution that is measured
 * @param folder for everything that is written
 * @param quick fewer rounds
 * @param minutes how long a scenario goes on that has no end of its own
 * @param part the one part of a scenario that is asked for; empty: all of it
 * @param progress where it is told how far a scenario is
 */
record Setting(
    Path home,
    Path folder,
    boolean quick,
    int minutes,
    String part,
    PrintStream progress,
    AtomicInteger count) {
  Setting(Path home, Path folder, boolean quick, int minutes, PrintStream progress) {
    this(home, folder, quick, minutes, "", progress, new AtomicInteger());
  }

  /** The same for one part of a scenario alone. */
  Setting only(String wanted) {
    return new Setting(home, folder, quick, minutes, wanted, progress, count);
  }

  /** Whether this part of a scenario is asked for. */
  boolean wants(String one) {
    return part.isEmpty() || part.equals(one);
  }

  int rounds(int many) {
    return quick ? Math.max(3, many / 5) : many;
  }

  /** A container with new folders. */
  Installed install() throws IOException {
    return new Installed(
        home, Files.createDirectories(folder.resolve("c" + count.incrementAndGet())));
  }

  Path newFolder() throws IOException {
    return Files.createDirectories(folder.resolve("f" + count.incrementAndGet()));
  }

  void tell(String text) {
    progress.println(text);
  }

  /** A bundle of ours that is no part of the distribution; empty when it was not built. */
  Optional<Path> probe() {
    return Optional.ofNullable(System.getProperty("duende.probe"))
        .map(Path::of)
        .filter(Files::isReadable);
  }

  /** Compiles a program of ours; empty where there is no C compiler. */
  Optional<Path> compile(String name) throws Exception {
    Path binary = folder.resolve(name);
    if (Files.exists(binary)) {
      return Optional.of(binary);
    }
    Optional<Path> compiler = Programs.find("cc");
    if (compiler.isEmpty()) {
      return Optional.empty();
    }
    Path source = folder.resolve(name + ".c");
    try (InputStream in = Setting.class.getResourceAsStream(name + ".c")) {
      if (in == null) {
        throw new IllegalStateException("no " + name + ".c in this jar");
      }
      long _ = Files.copy(in, source);
    }
    Process cc =
        new ProcessBuilder(
                compiler.get().toString(), "-O2", "-o", binary.toString(), source.toString())
            .inheritIO()
            .start();
    if (!cc.waitFor(1, TimeUnit.MINUTES) || cc.exitValue() != 0) {
      throw new IllegalStateException("cannot compile " + source);
    }
    return Optional.of(binary);
  }
}
