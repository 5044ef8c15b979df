package com.paiml.duende.adapter.systemd.bus;

import org.freedesktop.dbus.Struct;
import org.freedesktop.dbus.annotations.Position;
import org.freedesktop.dbus.types.UInt64;

/** {@code (st)}: bytes per second of a device. */
public final class DeviceRate extends Struct {
  @Position(0)
  private final String device;

  @Position(1)
  private final UInt64 bytesPerSecond;

  public DeviceRate(String device, UInt64 bytesPerSecond) {
    this.device = device;
    this.bytesPerSecond = bytesPerSecond;
  }

  public String getDevice() {
    return device;
  }

  public UInt64 getBytesPerSecond() {
    return bytesPerSecond;
  }
}
