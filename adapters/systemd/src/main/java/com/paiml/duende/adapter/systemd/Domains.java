package com.paiml.duende.adapter.systemd;

import com.paiml.duende.adapter.systemd.kernel.Machine;
import com.paiml.duende.adapter.systemd.run.Domain;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The service managers that daemon files can name; each is connected to when it is first needed, and kept. */
final class Domains implements AutoCloseable {
  /** Where an installed systemd says that it is the one that runs, sd_booted(3). */
  private static final Path BOOTED = Path.of("/run/systemd/system");

  /** System property: the address of the system bus, where no configuration has it. */
  private static final String BUS = "duende.systemd.bus";

  private static final List<String> SYSTEMCTL = List.of("systemctl");

  private final String systemBus;
  private final String userBus;
  private final Map<String, Domain> open = new HashMap<>();
  private boolean closed;

  Domains(String systemBus, String userBus) {
    this.systemBus = systemBus;
    this.userBus = userBus;
  }

  /** The manager of that scope; of an empty one, that which suits whom this runs as. */
  Domain of(String scope, Deadline deadline) throws DaemonException {
    boolean ofUser =
        scope.isEmpty() ? isOfUserByDefault(systemBus) : scope.equals(SystemdTable.USER);
    String key = ofUser ? SystemdTable.USER : SystemdTable.SYSTEM;
    synchronized (open) {
      if (closed) {
        throw new com.paiml.duende.api.AdapterGone(SystemdAdapter.NAME, key);
      }
      Domain domain = open.get(key);
      if (domain == null) {
        domain = connect(ofUser, deadline);
        open.put(key, domain);
      }
      return domain;
    }
  }

  /** Whichever is there: the one that is used when nothing is said, or the other. */
  Domain any(Deadline deadline) throws DaemonException {
    try {
      return of("", deadline);
    } catch (DaemonException absent) {
      try {
        return of(
            isRoot() || !systemBus.isEmpty() ? SystemdTable.USER : SystemdTable.SYSTEM, deadline);
      } catch (DaemonException also) {
        absent.addSuppressed(also);
        throw absent;
      }
    }
  }

  /** The address that is given for the system bus: by configuration, or by a system property. */
  static String systemBus(String configured) {
    return configured.isEmpty() ? System.getProperty(BUS, "") : configured;
  }

  /** Whether daemons whose file says nothing go to the user manager. */
  static boolean isOfUserByDefault(String systemBus) {
    return !isRoot() && systemBus.isEmpty();
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  private Domain connect(boolean ofUser, Deadline deadline) throws DaemonException {
    String given = ofUser ? userBus : systemBus;
    if (!given.isEmpty()) {
      return Domain.byBus(given, ofUser, deadline);
    }
    String address = ofUser ? userAddress() : systemAddress();
    if (!isThere(address) && !Files.isDirectory(BOOTED)) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          SystemdAdapter.NAME,
          "systemd is not what runs this machine (" + BOOTED + " is not there)",
          "use platform = \"native\"");
    }
    try {
      return Domain.byBus(address, ofUser, deadline);
    } catch (DaemonException noBus) {
      try {
        return Domain.byTool(SYSTEMCTL, Machine.of(""), ofUser, deadline);
      } catch (DaemonException noTool) {
        noBus.addSuppressed(noTool);
        throw noBus;
      }
    }
  }

  private static boolean isThere(String address) {
    return address.startsWith("unix:path=")
        && Files.exists(Path.of(address.substring("unix:path=".length()).split("[,;]")[0]));
  }

  private static String systemAddress() {
    String set = System.getenv("DBUS_SYSTEM_BUS_ADDRESS");
    return set == null || set.isEmpty() ? "unix:path=/run/dbus/system_bus_socket" : set;
  }

  private static String userAddress() {
    String set = System.getenv("DBUS_SESSION_BUS_ADDRESS");
    if (set != null && !set.isEmpty()) {
      return set;
    }
    return "unix:path=" + Machine.runtimeFolder() + "/bus";
  }

  /** For tests: this manager, whatever is asked for. */
  void put(String scope, Domain domain) {
    synchronized (open) {
      open.put(scope, domain);
    }
  }

  @Override
  public void close() {
    synchronized (open) {
      closed = true;
      open.values().forEach(d -> d.manager().close());
      open.clear();
    }
  }
}
