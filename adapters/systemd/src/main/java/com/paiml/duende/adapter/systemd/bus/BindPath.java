package com.paiml.duende.adapter.systemd.bus;

import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;
import org.freedesktop.dbus.types.UInt64;

/** {@code (ssbt)}: a path bound into a unit's view of the file system. */
public final class BindPath extends Struct {
  @Position(0)
  private final String source;

  @Position(1)
  private final String destination;

  @Position(2)
  private final boolean absenceIgnored;

  @Position(3)
  private final UInt64 flags;

  public BindPath(String source, String destination, boolean absenceIgnored, UInt64 flags) {
    this.source = source;
    this.destination = destination;
    this.absenceIgnored = absenceIgnored;
    this.flags = flags;
  }

  public String getSource() {
    return source;
  }

  public String getDestination() {
    return destination;
  }

  public boolean getAbsenceIgnored() {
    return absenceIgnored;
  }

  public UInt64 getFlags() {
    return flags;
  }
}
