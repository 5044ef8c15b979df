package com.paiml.duende.host;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.spi.HostRuntime;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;

/** The real runtime of daemon classes, with its classes where the build has them. */
public final class Hosts {
  private Hosts() {}

  public static HostRuntime runtime() {
    return new HostRuntimeService(
        () -> List.of(of(HostRuntimeService.class), of(Daemon.class)),
        Path.of(System.getProperty("java.home"), "bin", "java"));
  }

  /** Where the classes of that one are. */
  public static Path of(Class<?> type) {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
