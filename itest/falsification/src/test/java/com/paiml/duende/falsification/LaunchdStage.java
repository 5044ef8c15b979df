package com.paiml.duende.falsification;

import com.paiml.duende.lab.launchd.RecordedLaunchd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Jobs of a recorded launchd: what is shown is the adapter's conduct, not Apple's. */
final class LaunchdStage extends ShellStage {
  private static final String LAUNCHCTL = "duende.launchd.launchctl";

  private final RecordedLaunchd launchd;
  private final Path lab;

  private LaunchdStage(RecordedLaunchd launchd, Path lab) throws Exception {
    super(new Scene(Files.createDirectory(lab.resolve("s"))), "launchd");
    this.launchd = launchd;
    this.lab = lab;
  }

  /** In a folder of its own: it outlives single attempts. */
  static LaunchdStage open() throws Exception {
    Path lab = Files.createTempDirectory("duende-launchd-");
    RecordedLaunchd launchd;
    try {
      launchd = RecordedLaunchd.start(Files.createDirectory(lab.resolve("l")));
    } catch (Exception e) {
      delete(lab);
      throw e;
    }
    System.setProperty(LAUNCHCTL, launchd.launchctl().toString());
    try {
      return new LaunchdStage(launchd, lab);
    } catch (Exception | AssertionError e) {
      System.clearProperty(LAUNCHCTL);
      launchd.close();
      delete(lab);
      throw e;
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  @Override
  public void close() throws Exception {
    System.clearProperty(LAUNCHCTL);
    try {
      super.close();
    } finally {
      launchd.close();
      delete(lab);
    }
  }
}
