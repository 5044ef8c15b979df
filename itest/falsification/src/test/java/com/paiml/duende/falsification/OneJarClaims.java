package com.paiml.duende.falsification;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.container.LabEngine;
import com.paiml.duende.lab.systemd.Systemd;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One jar with one class, as the distribution ships it: what changes from place to place is the daemon file. */
@Falsification
class OneJarClaims {
  /** A JVM in an emulated machine takes minutes to come up on a busy host. */
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  private static final Map<String, String> ENGINES =
      Map.of(
          "docker", "DOCKER_HOST", "podman", "CONTAINER_HOST", "containerd", "CONTAINERD_ADDRESS");

  @TempDir Path folder;
  private final List<AutoCloseable> open = new ArrayList<>();
  private final Map<String, String> missing = new LinkedHashMap<>();

  /** Somewhere to run, and the words of the platform's own tool by which the daemon is seen there. */
  private record Place(String table, Seen seen) {}

  private interface Seen {
    /** What the platform itself says of the daemon of that name, and process number where there is one. */
    Optional<String> of(String name, long pid) throws Exception;
  }

  @AfterEach
  void close() throws Exception {
    Exception failed = null;
    for (AutoCloseable one : open.reversed()) {
      try {
        one.close();
      } catch (Exception e) {
        failed = e;
      }
    }
    if (failed != null) {
      throw failed;
    }
  }

  @Test
  void f095_one_jar_runs_native_under_systemd_in_a_container_and_in_a_vm(Attempt attempt)
      throws Exception {
    Optional<Systemd> systemd = systemd();
    // Where the booted systemd sees it as well.
    Path home =
        systemd.isPresent() ? Files.createDirectory(systemd.get().shared().resolve("f")) : folder;
    Installed duende = new Installed(Scene.distribution(), home);
    List<LabEngine> engines = engines(duende);
    systemd.ifPresent(s -> duende.set("DBUS_SYSTEM_BUS_ADDRESS", s.busAddress()));
    duende.set("DUENDE_PEPITA_CACHE", cache().toString());
    Path jar = Scene.distribution().resolve("examples/counter/counter.jar");
    duende.bundle(jar);
    open.add(duende);
    duende.up();

    Map<String, Place> places = new LinkedHashMap<>();
    places.put(
        "native",
        new Place("[native]\nprocess = true\n", (name, pid) -> commandLine(pid, "HostMain")));
    systemd.ifPresent(s -> places.put("systemd", new Place("", (name, pid) -> unit(s, name))));
    for (LabEngine engine : engines) {
      String kind = engine.kind();
      var _ = duende.call("duende", PATIENCE, "image", "--engine", kind, "build").ok();
      places.put(
          kind,
          new Place(
              "[container]\nengine = \"" + kind + "\"\nnetwork = \"none\"\npull = \"never\"\n",
              (name, pid) -> container(engine, name)));
    }
    Installed.Answer image = duende.call("pepita", PATIENCE, "image", "--java", "build");
    if (image.status() == 0) {
      places.put("pepita", new Place("", (name, pid) -> commandLine(pid, "qemu")));
    } else {
      missing.put("pepita", image.err().strip());
    }

    for (Map.Entry<String, Place> place : places.entrySet()) {
      String platform = ENGINES.containsKey(place.getKey()) ? "container" : place.getKey();
      var _ =
          duende.daemonFile(
              "on-" + place.getKey(), file("on-" + place.getKey(), platform, place.getValue()));
    }
    List<String> told = new ArrayList<>();
    List<String> wrong = new ArrayList<>();
    for (Map.Entry<String, Place> place : places.entrySet()) {
      String name = "on-" + place.getKey();
      Optional<String> fault = attack(duende, name, place.getValue());
      fault.ifPresentOrElse(
          f -> wrong.add(place.getKey() + ": " + f), () -> told.add(place.getKey()));
    }
    attempt.behaviour(
        wrong.isEmpty() && places.size() > 1,
        (wrong.isEmpty() ? "" : "wrong: " + String.join("; ", wrong) + "; ")
            + "counts, is healthy and shuts down gracefully in: "
            + String.join(", ", told)
            + (missing.isEmpty() ? "" : "; not to be had here: " + missing)
            + "; jar sha256 "
            + sha256(jar).substring(0, 12));
  }

  /** Starts, counts, is healthy, is where it should be, and ends when asked: what was otherwise. */
  private static Optional<String> attack(Installed duende, String name, Place place)
      throws Exception {
    Optional<Boolean> counted =
        Await.value(
            PATIENCE,
            () ->
                duende.call("logs", name).out().contains("Counter: 3")
                    ? Optional.of(true)
                    : Optional.empty());
    if (counted.isEmpty()) {
      return Optional.of("does not count: " + duende.call("status", name).out());
    }
    String status = duende.call("ps", "--json", name).ok();
    var pid = Pattern.compile("\"pid\": ?([0-9]+)").matcher(status);
    Optional<String> seen = place.seen().of(name, pid.find() ? Long.parseLong(pid.group(1)) : -1);
    if (seen.isEmpty()) {
      return Optional.of("its platform does not know it: " + status);
    }
    Installed.Answer health = duende.call("health", name);
    if (health.status() != 0 || !health.out().contains("healthy")) {
      return Optional.of("is not healthy: " + health.out() + health.err());
    }
    Installed.Answer stopped = duende.call("stop", name);
    String end = duende.call("ps", "--all", "--json", name).out();
    if (stopped.status() != 0 || !end.contains("\"stopped\"")) {
      return Optional.of("does not stop: " + stopped.err() + end);
    }
    return duende.call("logs", name).out().contains("Shutting down with final count: ")
        ? Optional.empty()
        : Optional.of("was not asked, but killed: " + duende.call("logs", name).out());
  }

  private static String file(String name, String platform, Place place) {
    return """
    name = "%s"
    platform = "%s"
    class = "com.paiml.duende.examples.counter.Counter"
    bundle = "com.paiml.duende.examples.counter"
    restart = "never"
    shutdown_timeout = "60s"
    [readiness]
    timeout = "9m"
    [health_check]
    interval = "2s"
    timeout = "30s"
    %s\
    """
        .formatted(name, platform, place.table());
  }

  private Optional<Systemd> systemd() throws Exception {
    try {
      Systemd booted = Systemd.boot();
      open.add(booted);
      return Optional.of(booted);
    } catch (Missing e) {
      missing.put("systemd", e.getMessage());
      return Optional.empty();
    }
  }

  private List<LabEngine> engines(Installed duende) throws Exception {
    List<LabEngine> engines = new ArrayList<>();
    for (Map.Entry<String, String> engine : ENGINES.entrySet()) {
      try {
        LabEngine started = LabEngine.start(engine.getKey());
        open.add(started);
        engines.add(started);
        duende.set(engine.getValue(), "unix://" + started.socket());
      } catch (Missing e) {
        missing.put(engine.getKey(), e.getMessage());
      }
    }
    return engines;
  }

  /** Where the machines' image is kept from one run to the next: one with a Java runtime. */
  private static Path cache() {
    return Scene.distribution().resolve("../../../adapters/pepita/target/pepita-java").normalize();
  }

  private static Optional<String> commandLine(long pid, String word) {
    return ProcessHandle.of(pid)
        .map(p -> p.info().commandLine().orElse(""))
        .filter(line -> line.contains(word));
  }

  private static Optional<String> unit(Systemd systemd, String name) throws Exception {
    return systemd
        .run("systemctl", "list-units", "--state=active", "--plain", "--no-legend", "duende-*")
        .output()
        .lines()
        .filter(l -> l.contains(name + ".service"))
        .findFirst();
  }

  private static Optional<String> container(LabEngine engine, String name) throws Exception {
    return (engine.kind().equals("containerd") ? engine.run("tasks", "ls") : engine.run("ps"))
        .output()
        .lines()
        .filter(l -> l.contains(name))
        .findFirst();
  }

  private static String sha256(Path file) throws Exception {
    return HexFormat.of()
        .formatHex(
            java.security.MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
  }
}
