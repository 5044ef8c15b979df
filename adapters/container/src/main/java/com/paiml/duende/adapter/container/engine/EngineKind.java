package com.paiml.duende.adapter.container.engine;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** The engines that are known. In the order in which they are looked for. */
public enum EngineKind {
  DOCKER("Docker"),
  PODMAN("Podman"),
  CONTAINERD("containerd");

  private final String title;

  EngineKind(String title) {
    this.title = title;
  }

  /** As its makers write it. */
  public String title() {
    return title;
  }

  /** The word of the daemon file. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static Optional<EngineKind> parse(String word) {
    return Arrays.stream(values()).filter(k -> k.word().equals(word)).findFirst();
  }
}
