package com.paiml.duende.adapter.systemd.bus;

import java.util.List;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.annotations.DBusInterfaceName;
import org.freedesktop.dbus.annotations.DBusMemberName;
import org.freedesktop.dbus.exceptions.DBusException;
import org.freedesktop.dbus.interfaces.DBusInterface;
import org.freedesktop.dbus.messages.DBusSignal;
import org.freedesktop.dbus.types.UInt32;

/** {@code org.freedesktop.systemd1.Manager}, as far as it is used here; see org.freedesktop.systemd1(5). */
@DBusInterfaceName("org.freedesktop.systemd1.Manager")
public interface ManagerInterface extends DBusInterface {

  @DBusMemberName("Subscribe")
  void subscribe();

  @DBusMemberName("StartTransientUnit")
  DBusPath startTransientUnit(
      String name, String mode, List<Property> properties, List<Auxiliary> auxiliary);

  @DBusMemberName("StartUnit")
  DBusPath startUnit(String name, String mode);

  @DBusMemberName("StopUnit")
  DBusPath stopUnit(String name, String mode);

  @DBusMemberName("KillUnit")
  void killUnit(String name, String whom, Integer signal);

  @DBusMemberName("FreezeUnit")
  void freezeUnit(String name);

  @DBusMemberName("ThawUnit")
  void thawUnit(String name);

  @DBusMemberName("SetUnitProperties")
  void setUnitProperties(String name, Boolean runtime, List<Property> properties);

  @DBusMemberName("ResetFailedUnit")
  void resetFailedUnit(String name);

  @DBusMemberName("ListUnitsByPatterns")
  List<ListedUnit> listUnitsByPatterns(List<String> states, List<String> patterns);

  @DBusMemberName("Reload")
  void reload();

  /** A job has left the queue. */
  class JobRemoved extends DBusSignal {
    private final String unit;
    private final String result;
    private final DBusPath job;

    public JobRemoved(String path, UInt32 id, DBusPath job, String unit, String result)
        throws DBusException {
      super(path, id, job, unit, result);
      this.job = job;
      this.unit = unit;
      this.result = result;
    }

    public String job() {
      return job.getPath();
    }

    public String unit() {
      return unit;
    }

    public String result() {
      return result;
    }
  }

  /** A unit has been forgotten. */
  class UnitRemoved extends DBusSignal {
    private final String unit;

    public UnitRemoved(String path, String unit, DBusPath object) throws DBusException {
      super(path, unit, object);
      this.unit = unit;
    }

    public String unit() {
      return unit;
    }
  }
}
