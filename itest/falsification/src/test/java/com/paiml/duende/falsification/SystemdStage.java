package com.paiml.duende.falsification;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.lab.systemd.Systemd;
import java.nio.file.Files;
import java.nio.file.Path;

/** Units of a systemd of the lab, which sees nothing of this machine's temporary folders. */
final class SystemdStage extends ShellStage {
  private static final String BUS = "duende.systemd.bus";

  private final Systemd systemd;

  private SystemdStage(Systemd systemd) throws Exception {
    super(new Scene(Files.createTempDirectory(systemd.shared(), "f")), "systemd");
    this.systemd = systemd;
  }

  static SystemdStage open() throws Exception {
    Systemd systemd = Systemd.boot();
    System.setProperty(BUS, systemd.busAddress());
    try {
      return new SystemdStage(systemd);
    } catch (Exception | AssertionError e) {
      System.clearProperty(BUS);
      systemd.close();
      throw e;
    }
  }

  /** In a copy of that directory, where both sides see it. */
  @Override
  public DaemonConfig.Builder reader(String name, Path directory) throws Exception {
    Path shared = Files.createDirectories(scene().folder().resolve("work here"));
    Files.copy(directory.resolve("here.txt"), shared.resolve("here.txt"));
    return super.reader(name, shared);
  }

  @Override
  public void close() throws Exception {
    System.clearProperty(BUS);
    try {
      super.close();
    } finally {
      systemd.close();
    }
  }
}
