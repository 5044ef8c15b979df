package com.paiml.duende.adapter.systemd.bus;

import java.util.List;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;

/** {@code (sasb)}: what is executed. */
public final class ExecCommand extends Struct {
  @Position(0)
  private final String path;

  @Position(1)
  private final List<String> argv;

  @Position(2)
  private final boolean failureIgnored;

  public ExecCommand(String path, List<String> argv, boolean failureIgnored) {
    this.path = path;
    this.argv = argv;
    this.failureIgnored = failureIgnored;
  }

  public String getPath() {
    return path;
  }

  public List<String> getArgv() {
    return argv;
  }

  public boolean getFailureIgnored() {
    return failureIgnored;
  }
}
