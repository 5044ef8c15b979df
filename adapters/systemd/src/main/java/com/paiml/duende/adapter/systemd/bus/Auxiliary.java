package com.paiml.duende.adapter.systemd.bus;

import java.util.List;
import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;

/** {@code (sa(sv))}: a further unit of a transaction; none is ever sent. */
public final class Auxiliary extends Struct {
  @Position(0)
  private final String name;

  @Position(1)
  private final List<Property> properties;

  public Auxiliary(String name, List<Property> properties) {
    this.name = name;
    this.properties = properties;
  }

  public String getName() {
    return name;
  }

  public List<Property> getProperties() {
    return properties;
  }
}
