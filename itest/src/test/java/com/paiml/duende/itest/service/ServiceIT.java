package com.paiml.duende.itest.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Duende as a service: installed, hung, killed, restarted, brought up to date and removed, with daemons that go on. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Tag("long")
class ServiceIT {
  private static final String NATIVE =
      """
      name = "walker"
      binary_path = "/bin/sleep"
      args = ["3600"]
      """;
  private static final String UNIT =
      """
      name = "unit"
      platform = "systemd"
      binary_path = "/bin/sleep"
      args = ["3600"]
      """;

  private Machine machine;

  @BeforeEach
  void boot() throws Exception {
    try {
      machine = new Machine();
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
  }

  @AfterEach
  void end() throws Exception {
    if (machine != null) {
      machine.close();
    }
  }

  @Test
  void installed_by_script_it_survives_what_befalls_it_and_its_daemons_notice_nothing()
      throws Exception {
    Path first = machine.unpack("first");
    String said = machine.must(first.resolve("service/install.sh").toString());
    assertTrue(said.contains("Duende is installed in /opt/duende"), said);
    // Type=notify: it is active when it has said READY.
    assertEquals("active", machine.show("ActiveState"));
    assertEquals("enabled", machine.show("UnitFileState"));
    machine.daemonFile("walker", NATIVE);
    machine.daemonFile("unit", UNIT);
    long walker = machine.pid("walker");
    long unit = machine.pid("unit");
    String again = machine.must(first.resolve("service/install.sh").toString());
    assertTrue(again.contains("nothing to change"), again);
    String rule = "/etc/udev/rules.d/70-duende-ublk.rules";
    givesDisksToTheirUsers("/opt/duende", rule);
    machine.must("chmod", "666", rule);
    machine.must("chmod", "777", "/opt/duende/lib/udev/ublk-owner");
    String mended = machine.must(first.resolve("service/install.sh").toString(), "--no-start");
    assertTrue(mended.contains("(2 changes)"), mended);
    givesDisksToTheirUsers("/opt/duende", rule);

    restart(walker, unit);
    kill(walker, unit);
    hang(walker, unit);
    update(walker, unit);

    String removed = machine.must("/opt/duende/service/uninstall.sh");
    assertTrue(removed.contains("Duende is removed"), removed);
    assertFalse(machine.isAlive(walker), "a daemon outlives the removal");
    assertFalse(machine.isAlive(unit), "a unit outlives the removal");
    assertFalse(machine.run("test", "-e", "/opt/duende").ok());
    assertFalse(machine.run("test", "-e", rule).ok(), "udev would call a program that is gone");
    assertTrue(machine.run("test", "-d", "/etc/duende").ok(), "its configuration is gone");
    assertEquals("not-found", machine.show("LoadState"));
    machine.must(first.resolve("service/uninstall.sh").toString(), "--purge");
    assertFalse(machine.run("test", "-e", "/etc/duende").ok());
    assertFalse(machine.run("test", "-e", "/var/lib/duende").ok());
  }

  /** udev runs that program as root: nobody else may write to it or to what names it, and it is there for this machine. */
  private void givesDisksToTheirUsers(String home, String rule) throws Exception {
    assertEquals("root:root 644", machine.must("stat", "-c", "%U:%G %a", rule).strip());
    String helper = home + "/lib/udev/ublk-owner";
    String architecture = machine.must("uname", "-m").strip();
    for (String path :
        List.of(home, home + "/lib", home + "/lib/udev", helper, helper + "-" + architecture)) {
      assertEquals("root:root 755", machine.must("stat", "-c", "%U:%G %a", path).strip(), path);
    }
    String text = machine.must("cat", rule);
    assertTrue(text.contains("PROGRAM==\"" + helper + " %k\""), text);
    assertFalse(text.contains("@"), text);
    assertTrue(machine.run("getent", "group", "ublk").ok(), "there is no group of that name");
    // Of a disk that there is not, nothing is told, and udev leaves what it has.
    Command.Result stranger = machine.run(helper, "ublkc4711");
    assertFalse(stranger.ok(), stranger::output);
  }

  /** The container's main process is another, its daemons' are the same. */
  private void same(long walker, long unit, String container) throws Exception {
    machine.await(
        "a container that has taken its daemons up",
        () ->
            machine.show("ActiveState").equals("active")
                && machine.isRunning("walker")
                && machine.isRunning("unit"));
    assertNotEquals(container, machine.show("MainPID"));
    assertEquals(
        walker,
        machine.pid("walker"),
        () -> {
          try {
            return machine.must("duende", "status", "walker")
                + machine.must("journalctl", "--no-pager", "-n", "100");
          } catch (Exception e) {
            return e.toString();
          }
        });
    assertEquals(unit, machine.pid("unit"));
    assertTrue(machine.isAlive(walker) && machine.isAlive(unit));
  }

  private void restart(long walker, long unit) throws Exception {
    String container = machine.show("MainPID");
    machine.must("systemctl", "restart", "duende.service");
    same(walker, unit, container);
  }

  private void kill(long walker, long unit) throws Exception {
    String container = machine.show("MainPID");
    machine.must("kill", "-KILL", container);
    machine.await("another container", () -> machine.show("NRestarts").equals("1"));
    same(walker, unit, container);
  }

  private void hang(long walker, long unit) throws Exception {
    // 90 s are too long for a test: the same, sooner.
    machine.must("mkdir", "-p", "/etc/systemd/system/duende.service.d");
    Path sooner =
        Files.writeString(machine.folder().resolve("sooner.conf"), "[Service]\nWatchdogSec=10\n");
    machine.must("cp", sooner.toString(), "/etc/systemd/system/duende.service.d/");
    machine.must("systemctl", "daemon-reload");
    machine.must("systemctl", "restart", "duende.service");
    String container = machine.show("MainPID");
    machine.must("kill", "-STOP", container);
    machine.await("the watchdog", () -> !machine.show("MainPID").equals(container));
    same(walker, unit, container);
    String journal = machine.must("journalctl", "--no-pager", "-u", "duende.service");
    assertTrue(journal.contains("Watchdog timeout"), journal);
  }

  private void update(long walker, long unit) throws Exception {
    Path second = machine.unpack("second");
    // The next version: one file more, one less, one other.
    Files.writeString(second.resolve("lib/build"), "next\n");
    Files.writeString(second.resolve("examples/new.toml"), "# new\n");
    Files.delete(second.resolve("LICENSE"));
    Files.writeString(second.resolve("LICENSE"), "of the next version\n");
    String container = machine.show("MainPID");
    String said = machine.must(second.resolve("service/install.sh").toString());
    assertTrue(said.contains("changes)"), said);
    same(walker, unit, container);
    assertEquals("next", machine.must("cat", "/opt/duende/lib/build").strip());
    assertTrue(machine.run("test", "-e", "/opt/duende/examples/new.toml").ok());
  }

  @Test
  void as_a_debian_package_it_is_installed_brought_up_to_date_and_purged() throws Exception {
    try {
      Path _ = Command.need("dpkg-deb", "dpkg");
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
    Path one = pack("0.1.0");
    machine.must("dpkg", "--install", one.toString());
    assertEquals("active", machine.show("ActiveState"));
    machine.daemonFile("walker", NATIVE);
    machine.daemonFile("unit", UNIT);
    long walker = machine.pid("walker");
    long unit = machine.pid("unit");
    String rule = "/lib/udev/rules.d/70-duende-ublk.rules";
    givesDisksToTheirUsers("/usr/lib/duende", rule);
    String container = machine.show("MainPID");
    machine.must("dpkg", "--install", pack("0.1.1").toString());
    same(walker, unit, container);
    assertTrue(
        machine.must("dpkg-query", "--showformat=${Version}", "--show", "duende").equals("0.1.1"));
    machine.must("dpkg", "--remove", "duende");
    assertFalse(machine.isAlive(walker), "a daemon outlives the removal");
    assertFalse(machine.isAlive(unit), "a unit outlives the removal");
    assertEquals("not-found", machine.show("LoadState"));
    assertFalse(machine.run("test", "-e", rule).ok(), "udev would call a program that is gone");
    machine.must("dpkg", "--purge", "duende");
    assertFalse(machine.run("test", "-e", "/etc/duende").ok());
    assertFalse(machine.run("test", "-e", "/var/lib/duende").ok());
  }

  /** By the script that packs releases. */
  private Path pack(String version) throws Exception {
    Path script = Path.of(System.getProperty("duende.deb"));
    Path output = machine.folder().resolve("duende-" + version + ".deb");
    Command.Result packed =
        Command.run(
            Duration.ofMinutes(5),
            List.of(
                "sh",
                script.toString(),
                machine.unpack("packed-" + version).toString(),
                version,
                output.toString()));
    assertTrue(packed.ok(), packed::output);
    return output;
  }
}
