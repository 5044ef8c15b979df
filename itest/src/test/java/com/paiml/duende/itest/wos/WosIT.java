package com.paiml.duende.itest.wos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.itest.container.InContainer;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import javax.inject.Inject;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** Given the distribution in Felix: modules as daemons, and the commands of scope wos. */
@InContainer
class WosIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @Inject BundleContext context;
  @Inject DaemonManager manager;
  @Inject CommandProcessor processor;

  @AfterEach
  void removeAll() throws DaemonException {
    for (DaemonInfo info : manager.list()) {
      manager.remove(info.name(), true, PATIENCE);
    }
  }

  private Path module(String name) {
    return Path.of(context.getProperty("duende.home"))
        .resolve("../../../adapters/wos/examples/built/" + name + ".wasm")
        .normalize();
  }

  private void deploy(String name, String module, String more) throws Exception {
    awaitTrue(
        "the adapter is there",
        () -> manager.adapters().stream().anyMatch(a -> a.platform().equals("wos")));
    String file =
        """
        name     = "%s"
        platform = "wos"
        module   = "%s"
        %s
        """
            .formatted(name, module(module), more);
    var _ = manager.deploy(manager.parse(file, name + ".toml"), DeployOptions.DEFAULT, PATIENCE);
  }

  private String wos(String command) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (CommandSession session =
        processor.createSession(
            new ByteArrayInputStream(new byte[0]),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(out, true, StandardCharsets.UTF_8))) {
      Object result = session.execute("wos:" + command);
      return out.toString(StandardCharsets.UTF_8) + (result == null ? "" : result);
    }
  }

  /** The line of a daemon in {@code wos:ps}: number, parent, state, level, and so on. */
  private Optional<String[]> line(String daemon) throws Exception {
    return wos("ps")
        .lines()
        .filter(l -> l.contains(daemon))
        .map(l -> l.strip().split("\\s+"))
        .findFirst();
  }

  private List<String> log(String name) throws DaemonException {
    List<String> lines = new ArrayList<>();
    try (LogStream log = manager.logs(name, new LogQuery(-1, Optional.empty(), false))) {
      while (!log.isDone()) {
        log.next(Deadline.after(PATIENCE)).map(LogLine::text).ifPresent(lines::add);
      }
    }
    return lines;
  }

  private static void awaitTrue(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      assertTrue(System.nanoTime() < deadline, "not within " + PATIENCE + ": " + what);
      LockSupport.parkNanos(5_000_000);
    }
  }

  private DaemonInfo info(String name) {
    return manager.find(name).orElseThrow();
  }

  @Test
  void aModuleIsSupervisedAndAllCommandsSeeIt() throws Exception {
    deploy(
        "counter",
        "counter",
        """
        args = ["one"]
        [readiness]
        type = "notify"
        [wos]
        priority = "low"
        """);
    assertEquals(DaemonStatus.State.RUNNING, info("counter").status().state());
    assertTrue(info("counter").ready());
    awaitTrue("it has started", () -> log("counter").contains("counter one starts"));
    String[] line = line("counter").orElseThrow();
    assertEquals("1", line[1], "its parent is init");
    assertTrue(wos("ps").lines().anyMatch(l -> l.contains("duende") && l.contains("counter")));
    assertEquals("6", line[3]);
    int pid = Integer.parseInt(line[0]);
    String said = wos("nice idle " + pid);
    assertEquals("7", line("counter").orElseThrow()[3], said);
    assertTrue(wos("top -n 1").contains("counter"));
    String calls = wos("trace -t 1 -c " + pid);
    assertTrue(calls.contains("poll_oneoff") && calls.contains("heartbeat"), calls);
    assertEquals("", wos("kill -s HUP " + pid));
    awaitTrue("it reloads", () -> log("counter").contains("reloaded"));
    awaitTrue("its metrics come", () -> manager.health("counter", PATIENCE).score() == 5);
    var _ = manager.stop("counter", PATIENCE);
    assertEquals(new ExitReason.Graceful(), info("counter").lastExit().orElseThrow());
    assertTrue(log("counter").getLast().startsWith("counter ends at"));
    assertEquals(Optional.empty(), line("counter"));
  }

  @Test
  void aKilledProcessIsStartedAgain() throws Exception {
    deploy("spinner", "spin", "");
    String before = line("spinner").orElseThrow()[0];
    assertEquals("", wos("kill -s KILL " + before));
    awaitTrue(
        "another one runs", () -> line("spinner").filter(l -> !l[0].equals(before)).isPresent());
    assertEquals(1, info("spinner").restarts());
  }

  @Test
  void aModuleThatIsNobodysDaemonRunsFromTheShell() throws Exception {
    assertTrue(wos("spawn " + module("hello")).startsWith("hello from wasm"));
    String pid = wos("spawn -p idle -b " + module("sleep"));
    assertTrue(wos("ps").lines().anyMatch(l -> l.strip().startsWith(pid + " ")), wos("ps"));
    assertEquals("", wos("kill " + pid));
    awaitTrue(
        "it has gone", () -> wos("ps").lines().noneMatch(l -> l.strip().startsWith(pid + " ")));
  }

  @Test
  void daemonsComeBackWithTheAdapter() throws Exception {
    deploy("sleeper", "sleep", "");
    assertTrue(line("sleeper").isPresent());
    Bundle wos =
        Stream.of(context.getBundles())
            .filter(b -> "com.paiml.duende.adapter.wos".equals(b.getSymbolicName()))
            .findFirst()
            .orElseThrow();
    wos.stop();
    assertFalse(info("sleeper").adapterPresent());
    wos.start();
    awaitTrue(
        "it runs again",
        () ->
            info("sleeper").adapterPresent()
                && info("sleeper").status().state() == DaemonStatus.State.RUNNING
                && line("sleeper").isPresent());
  }

  @Test
  void compiledCodeIsKeptForTheNextStartAndForNobodyElse() throws Exception {
    assertTrue(wos("spawn " + module("hello")).startsWith("hello from wasm"));
    Path folder = Path.of(context.getProperty("duende.data"), "wos", "code");
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        assertEquals(
            "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
      }
    }
  }
}
