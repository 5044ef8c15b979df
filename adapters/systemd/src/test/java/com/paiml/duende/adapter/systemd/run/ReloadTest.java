package com.paiml.duende.adapter.systemd.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.adapter.systemd.bus.Auxiliary;
import com.paiml.duende.adapter.systemd.bus.ListedUnit;
import com.paiml.duende.adapter.systemd.bus.ManagerInterface;
import com.paiml.duende.adapter.systemd.bus.Property;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.connections.impl.DBusConnection;
import org.freedesktop.dbus.connections.impl.DBusConnectionBuilder;
import org.freedesktop.dbus.interfaces.Properties;
import org.freedesktop.dbus.types.Variant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Who is asked to read unit files anew: on a real bus, with a stand-in under systemd's name that says which version it is. With
 * systemd 254 itself a call too many ends PID 1 (log_caller in its dbus-manager.c); few machines have it.
 */
@EnabledOnOs(OS.LINUX)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ReloadTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Path DAEMON = Path.of("/usr/bin/dbus-daemon");
  private static final String NAME = "org.freedesktop.systemd1";
  private static final String OBJECT = "/org/freedesktop/systemd1";

  @TempDir private Path folder;
  private Process bus;
  private DBusConnection connection;
  private final AtomicInteger reloads = new AtomicInteger();

  /** Answers what the adapter asks a manager when it connects, and counts. */
  private final class StandIn implements ManagerInterface, Properties {
    private final Map<String, Object> properties;

    StandIn(String version) {
      properties =
          Map.of("Version", version, "ControlGroup", "", "Environment", new String[] {"LANG=C"});
    }

    @Override
    public String getObjectPath() {
      return OBJECT;
    }

    @Override
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    public <A> A Get(String of, String name) {
      return (A) properties.get(name);
    }

    @Override
    public Map<String, Variant<?>> GetAll(String of) {
      throw new UnsupportedOperationException(of);
    }

    @Override
    public <A> void Set(String of, String name, A value) {
      throw new UnsupportedOperationException(name);
    }

    @Override
    public void subscribe() {}

    @Override
    public void reload() {
      int _ = reloads.incrementAndGet();
    }

    @Override
    public DBusPath startTransientUnit(
        String name, String mode, List<Property> settings, List<Auxiliary> auxiliary) {
      throw new UnsupportedOperationException(name);
    }

    @Override
    public DBusPath startUnit(String name, String mode) {
      throw new UnsupportedOperationException(name);
    }

    @Override
    public DBusPath stopUnit(String name, String mode) {
      throw new UnsupportedOperationException(name);
    }

    @Override
    public void killUnit(String name, String whom, Integer signal) {
      throw new UnsupportedOperationException(name);
    }

    @Override
    public void freezeUnit(String name) {
      throw new UnsupportedOperationException(name);
    }

    @Override
    public void thawUnit(String name) {
      throw new UnsupportedOperationException(name);
    }

    @Override
    public void setUnitProperties(String name, Boolean runtime, List<Property> settings) {
      throw new UnsupportedOperationException(name);
    }

    @Override
    public void resetFailedUnit(String name) {
      throw new UnsupportedOperationException(name);
    }

    @Override
    public List<ListedUnit> listUnitsByPatterns(List<String> states, List<String> patterns) {
      throw new UnsupportedOperationException(patterns.toString());
    }
  }

  @BeforeEach
  void begin() throws Exception {
    assumeTrue(Files.isExecutable(DAEMON), "dbus-daemon is not here (Debian: dbus)");
    bus =
        new ProcessBuilder(
                DAEMON.toString(), "--session", "--nofork", "--nopidfile", "--address=" + here())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    Await.until("the bus is there", PATIENCE, () -> Files.exists(folder.resolve("bus")));
    connection = DBusConnectionBuilder.forAddress(here()).withShared(false).build();
  }

  @AfterEach
  void end() throws Exception {
    if (connection != null) {
      connection.close();
    }
    if (bus != null) {
      assertEquals(137, bus.destroyForcibly().waitFor());
    }
  }

  private String here() {
    return "unix:path=" + folder.resolve("bus");
  }

  /** The same socket, by the way that leads into a container. */
  private String elsewhere() {
    return "unix:path=/proc/" + ProcessHandle.current().pid() + "/root" + folder.resolve("bus");
  }

  private int reloadsOf(String version, String address) throws Exception {
    connection.exportObject(OBJECT, new StandIn(version));
    connection.requestBusName(NAME);
    Domain domain = Domain.byBus(address, false, Deadline.after(PATIENCE));
    try {
      domain.reload(Deadline.after(PATIENCE));
    } finally {
      domain.manager().close();
    }
    return reloads.get();
  }

  @ParameterizedTest
  @ValueSource(strings = {"254", "254.26-1~deb12u1", "257.9"})
  void a_systemd_elsewhere_that_would_look_for_the_caller_is_not_asked(String version)
      throws Exception {
    assertEquals(0, reloadsOf(version, elsewhere()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"252.39-1~deb12u1", "253"})
  void an_older_one_elsewhere_is_asked(String version) throws Exception {
    assertEquals(1, reloadsOf(version, elsewhere()));
  }

  @Test
  void the_machines_own_is_asked_whatever_its_version() throws Exception {
    assertEquals(1, reloadsOf("257.9", here()));
  }
}
