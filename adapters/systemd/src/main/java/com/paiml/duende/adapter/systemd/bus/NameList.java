package com.paiml.duende.adapter.systemd.bus;

import java.util.List;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;

/** {@code (bas)}: a list of what is allowed, or of what is not. */
public final class NameList extends Struct {
  @Position(0)
  private final boolean allow;

  @Position(1)
  private final List<String> names;

  public NameList(boolean allow, List<String> names) {
    this.allow = allow;
    this.names = names;
  }

  public boolean getAllow() {
    return allow;
  }

  public List<String> getNames() {
    return names;
  }
}
