package com.paiml.duende.adapter.container;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.util.List;
import java.util.function.Consumer;

/** Makes the image that runs daemon classes, without a registry. */
public interface ContainerImages {
  /**
   * Makes it out of the JDK that runs Duende, and puts it into an engine.
   *
   * @param engine {@code docker}, {@code podman}, {@code containerd} or {@code auto}
   * @param reference of the image; empty: the one that daemon files have by default
   * @param modules of Java; empty: those that a usual daemon needs
   * @param progress hears lines for people
   * @return what was made, in one line
   */
  String build(
      String engine,
      String reference,
      List<String> modules,
      Consumer<String> progress,
      Deadline deadline)
      throws DaemonException;
}
