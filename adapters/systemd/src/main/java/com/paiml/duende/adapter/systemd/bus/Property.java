package com.paiml.duende.adapter.systemd.bus;

import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;
import org.freedesktop.dbus.types.Variant;

/** {@code (sv)}: a property and its value. */
public final class Property extends Struct {
  @Position(0)
  private final String name;

  @Position(1)
  private final Variant<?> value;

  public Property(String name, Variant<?> value) {
    this.name = name;
    this.value = value;
  }

  public String getName() {
    return name;
  }

  public Variant<?> getValue() {
    return value;
  }
}
