package com.paiml.duende.adapter.systemd.bus;

import com.paiml.duende.adapter.systemd.unit.Newcomers;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import org.freedesktop.dbus.exceptions.DBusExecutionException;

/** What the bus and the manager behind it refuse, in this project's words. */
final class BusFaults {
  private static final int LONGEST = 500;

  private BusFaults() {}

  /**
   * The error's name. Of the bus's own errors the library makes classes, of systemd's it keeps the text alone, which is never
   * translated: those that matter are told by it.
   */
  private static String nameOf(DBusExecutionException refused, String said) {
    if (said.endsWith(" not loaded.") || said.contains("not found.")) {
      return "NoSuchUnit";
    }
    if (said.contains("already loaded or has a fragment file") || said.contains("already exists")) {
      return "UnitExists";
    }
    if (said.contains("process to kill") || said.startsWith("No such process")) {
      return "NoSuchProcess";
    }
    // What polkit says where nobody can be asked, and systemd where there is no polkit.
    if (said.startsWith("Interactive authentication required")
        || said.startsWith("Access denied")) {
      return "AccessDenied";
    }
    return refused.getClass().getSimpleName();
  }

  static DaemonException of(String thing, DBusExecutionException refused) {
    String said = String.valueOf(refused.getMessage());
    String text = said.length() > LONGEST ? said.substring(0, LONGEST) + "…" : said;
    return switch (nameOf(refused, said)) {
      case "UnitExists" ->
          new DaemonException(
              ErrorCode.ALREADY_EXISTS,
              thing,
              "there is such a unit already: " + text,
              "stop it, or give the daemon another name",
              refused);
      case "NoSuchUnit", "NoSuchProcess", "UnknownObject" ->
          new DaemonException(
              ErrorCode.NOT_FOUND,
              thing,
              "systemd does not know it: " + text,
              "it has ended",
              refused);
      case "AccessDenied", "InteractiveAuthorizationRequired", "AuthFailed", "PermissionDenied" ->
          new DaemonException(
              ErrorCode.PERMISSION_DENIED,
              thing,
              "systemd refuses: " + text,
              "run Duende as root, write scope = \"user\", or allow it by polkit"
                  + " (org.freedesktop.systemd1.manage-units)",
              refused);
      case "PropertyReadOnly", "UnknownProperty", "InvalidArgs" ->
          new DaemonException(
              ErrorCode.CONFIGURATION,
              thing,
              "systemd does not take it: " + text,
              Newcomers.remedyOf(said),
              refused);
      case "NotSupported" ->
          new DaemonException(
              ErrorCode.NOT_SUPPORTED,
              thing,
              "this systemd cannot do it: " + text,
              "see \"duende adapters\" for what it can do",
              refused);
      default ->
          new DaemonException(
              ErrorCode.SPAWN,
              thing,
              "systemd refuses: " + text,
              "see journalctl of that unit",
              refused);
    };
  }
}
