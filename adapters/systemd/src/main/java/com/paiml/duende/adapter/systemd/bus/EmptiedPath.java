package com.paiml.duende.adapter.systemd.bus;

import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;

/** {@code (ss)}: an empty file system and its options. */
public final class EmptiedPath extends Struct {
  @Position(0)
  private final String path;

  @Position(1)
  private final String options;

  public EmptiedPath(String path, String options) {
    this.path = path;
    this.options = options;
  }

  public String getPath() {
    return path;
  }

  public String getOptions() {
    return options;
  }
}
