package com.paiml.duende.falsification;

import com.paiml.duende.lab.launchd.RecordedLaunchd;
import java.nio.file.Files;
import java.nio.file.Path;

/** Jobs of a recorded launchd: what is shown is the adapter's conduct, not Apple's. */
final class LaunchdStage extends ShellStage {
  private static final String LAUNCHCTL = "duende.launchd.launchctl";

  private final RecordedLaunchd launchd;

  private LaunchdStage(RecordedLaunchd launchd, Path folder) throws Exception {
    super(new Scene(folder), "launchd");
    this.launchd = launchd;
  }

  static LaunchdStage open(Path folder) throws Exception {
    RecordedLaunchd launchd = RecordedLaunchd.start(Files.createDirectories(folder.resolve("l")));
    System.setProperty(LAUNCHCTL, launchd.launchctl().toString());
    try {
      return new LaunchdStage(launchd, folder);
    } catch (Exception | AssertionError e) {
      System.clearProperty(LAUNCHCTL);
      launchd.close();
      throw e;
    }
  }

  @Override
  public void close() throws Exception {
    System.clearProperty(LAUNCHCTL);
    try {
      super.close();
    } finally {
      launchd.close();
    }
  }
}
