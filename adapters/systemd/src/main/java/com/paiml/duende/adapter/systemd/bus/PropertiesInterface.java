package com.paiml.duende.adapter.systemd.bus;

import java.util.Map;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.annotations.DBusMemberName;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.types.Variant;

/** {@code org.freedesktop.DBus.Properties}, with answers that need no guess at their type. */
@DBusInterfaceName("org.freedesktop.DBus.Properties")
public interface PropertiesInterface extends DBusInterface {
  @DBusMemberName("Get")
  Variant<?> get(String interfaceName, String property);

  @DBusMemberName("GetAll")
  Map<String, Variant<?>> getAll(String interfaceName);
}
