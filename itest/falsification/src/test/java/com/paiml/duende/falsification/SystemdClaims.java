package com.paiml.duende.falsification;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonConfig.RestartBy;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.What;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.systemd.Systemd;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Daemons as units of a real systemd, PID 1 of namespaces of its own. */
@Falsification
class SystemdClaims {
  private static final String BUS = "duende.systemd.bus";
  private static final String FOREVER = "while :; do sleep 3600 & wait $!; done";

  private Systemd systemd;
  private Scene scene;

  private DaemonManager open(Attempt attempt) throws Exception {
    try {
      systemd = Systemd.boot();
    } catch (Missing missing) {
      throw attempt.notRunHere(missing.getMessage());
    }
    System.setProperty(BUS, systemd.busAddress());
    scene = new Scene(Files.createTempDirectory(systemd.shared(), "f"));
    Await.until(
        "the systemd adapter is there",
        Scene.PATIENCE,
        () -> scene.manager().adapters().stream().anyMatch(a -> a.platform().equals("systemd")));
    return scene.manager();
  }

  @AfterEach
  void close() throws Exception {
    System.clearProperty(BUS);
    try {
      if (scene != null) {
        scene.close();
      }
    } finally {
      if (systemd != null) {
        systemd.close();
      }
    }
  }

  private DaemonConfig.Builder unit(String name, String script) {
    return DaemonConfig.builder(name)
        .platform("systemd")
        .what(new What.Program("/bin/sh"))
        .args(List.of("-c", script))
        .env(List.of("PATH=/usr/bin:/bin"));
  }

  private String show(String name, String property) throws Exception {
    return systemd
        .run("systemctl", "show", "--value", "--property=" + property, unitOf(name))
        .output()
        .strip();
  }

  /** As systemctl itself lists it. */
  private String unitOf(String name) throws Exception {
    return systemd
        .run(
            "systemctl",
            "list-units",
            "--all",
            "--plain",
            "--no-legend",
            "duende-*-" + name + ".service")
        .output()
        .strip()
        .split(" ")[0];
  }

  @Test
  void f081_systemctl_shows_our_unit_as_active(Attempt attempt) throws Exception {
    open(attempt);
    scene.deploy(unit("shown", "echo up; " + FOREVER).restart(RestartPolicy.NEVER));
    scene.awaitLine("shown", "up");
    String state = show("shown", "ActiveState") + " (" + show("shown", "SubState") + ")";
    String name = unitOf("shown");
    String pid = show("shown", "MainPID");
    scene.manager().stop("shown", Scene.PATIENCE);
    String after =
        systemd.run("systemctl", "show", "--value", "--property=LoadState", name).output().strip();
    attempt.behaviour(
        state.equals("active (running)")
            && name.matches("duende-[0-9a-f]{8}-shown\\.service")
            && !pid.equals("0")
            && after.equals("not-found"),
        name + " " + state + ", main process " + pid + "; after the stop " + after);
  }

  @Test
  void f082_systemd_restarts_it(Attempt attempt) throws Exception {
    DaemonManager manager = open(attempt);
    scene.deploy(
        unit("again", "echo up; " + FOREVER)
            .restartBy(RestartBy.PLATFORM)
            .restart(RestartPolicy.ON_FAILURE)
            .backoff(
                new Backoff(
                    Duration.ofMillis(200), Duration.ofSeconds(1), 2, 0, Duration.ofMinutes(1))));
    scene.awaitLine("again", "up");
    String before = show("again", "MainPID");
    long begin = System.nanoTime();
    if (!systemd.run("systemctl", "kill", "--signal=SEGV", unitOf("again")).ok()) {
      throw new AssertionError("systemctl cannot kill it");
    }
    Await.until(
        "it runs again",
        Scene.PATIENCE,
        () ->
            scene.info("again").restarts() == 1
                && scene.info("again").status().state() == DaemonStatus.State.RUNNING);
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    String restarts = show("again", "NRestarts");
    boolean another = !show("again", "MainPID").equals(before);
    manager.stop("again", Scene.PATIENCE);
    attempt.behaviour(
        restarts.equals("1") && another,
        "NRestarts "
            + restarts
            + ", "
            + (another ? "another" : "the same")
            + " process; told after "
            + took.toMillis()
            + " ms, of which RestartSec is 200");
  }
}
