package com.paiml.duende.manager.journal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.FailureReason;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.api.What;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JournalTest {
  private static final DaemonId ID = DaemonId.random();
  @TempDir Path folder;

  private static Deployment deployment(String name) {
    DaemonConfig config =
        DaemonConfig.builder(name)
            .what(new What.Program("/bin/x"))
            .env(List.of("A=tab\there", "B=line\nbreak, = : % ünïcode €", ""))
            .backoff(
                new Backoff(
                    Duration.ofMillis(1), Duration.ofDays(1), 1.5, 0.25, Duration.ofHours(1)))
            .tables(Map.of("native", Map.of("process", true, "list", List.of("a", "b,c"))))
            .written(Set.of("args", "backoff.initial"))
            .build();
    return new Deployment(config, "file of " + name, Map.of(name, ID), Map.of(name, true));
  }

  private static Deployment resting(Deployment d) {
    return new Deployment(d.config(), d.origin(), d.ids(), Map.of(d.name(), false));
  }

  private static DaemonHandle handle(String name, long generation) {
    return new DaemonHandle(
        "native", name, ID, generation, Map.of("pid", "7", "odd:key", "odd\tvalue="));
  }

  private Journal open() throws IOException {
    return new Journal(folder, "container 1");
  }

  @Test
  void aWholeFileIsGoneOnWithAndATornOneWrittenAnew() throws Exception {
    Path file = folder.resolve("desired.log");
    try (Journal j = open()) {
      j.deployed(deployment("a")).get(60, TimeUnit.SECONDS);
    }
    Object before = Files.getAttribute(file, "unix:ino");
    try (Journal j = open()) {
      j.deployed(deployment("b")).get(60, TimeUnit.SECONDS);
    }
    assertEquals(before, Files.getAttribute(file, "unix:ino"));

    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 3));
    try (Journal j = open()) {
      assertEquals(1, j.problems().size(), j.problems()::toString);
      assertEquals(1, j.deployments().size());
      assertFalse(before.equals(Files.getAttribute(file, "unix:ino")));
      j.deployed(deployment("c")).get(60, TimeUnit.SECONDS);
    }
    try (Journal j = open()) {
      assertEquals(List.of(), j.problems());
      assertEquals(
          List.of("a", "c"), j.deployments().stream().map(Deployment::name).sorted().toList());
    }
  }

  @Test
  void whatWasRecordedIsThereAgain() throws Exception {
    GroupConfig group =
        new GroupConfig("g", GroupConfig.Strategy.REST_FOR_ONE, 3, Duration.ofSeconds(9), true);
    try (Journal j = open()) {
      j.deployed(deployment("a")).get(60, TimeUnit.SECONDS);
      j.deployed(deployment("b")).get(60, TimeUnit.SECONDS);
      j.deployed(deployment("c")).get(60, TimeUnit.SECONDS);
      j.removed(deployment("c")).get(60, TimeUnit.SECONDS);
      j.wishes("b", "b", false).get(60, TimeUnit.SECONDS);
      j.grouped(group).get(60, TimeUnit.SECONDS);
      j.began("a", handle("a", 3), true, Instant.ofEpochSecond(77), 2);
      j.ready("a");
      j.counted("a", 3);
      j.counted("unknown", 3);
      j.began("b", handle("b", 1), false, Instant.EPOCH, 0);
      j.ended("b", new ExitReason.WatchdogTimeout(Duration.ofSeconds(3)), 1, false);
      j.rested("b", DaemonStatus.failed(new FailureReason.NotReady(Duration.ofMillis(5))), 1, true);
    }
    try (Journal j = open()) {
      assertEquals(List.of(), j.problems());
      assertTrue(j.isSameContainer());
      assertEquals(List.of(deployment("a"), resting(deployment("b"))), j.deployments());
      assertEquals(List.of(group), j.groups());
      RunRecord a = j.run("a").orElseThrow();
      assertEquals(Optional.of(handle("a", 3)), a.handle());
      assertTrue(a.open() && a.ready() && a.inProcess());
      assertEquals(3, a.restarts());
      assertEquals(Instant.ofEpochSecond(77), a.startedAt());
      RunRecord b = j.run("b").orElseThrow();
      assertFalse(b.open());
      assertTrue(b.byShutdown());
      assertEquals(Optional.of(new ExitReason.WatchdogTimeout(Duration.ofSeconds(3))), b.exit());
      assertEquals(
          DaemonStatus.failed(new FailureReason.NotReady(Duration.ofMillis(5))), b.status());
    }
    try (Journal j = new Journal(folder, "container 2")) {
      assertFalse(j.isSameContainer());
    }
  }

  @Test
  void everyExitAndFailureReasonSurvives() {
    List<ExitReason> exits =
        List.of(
            new ExitReason.Graceful(),
            new ExitReason.Failure(3, "tab\tbed"),
            new ExitReason.Signalled(11, true),
            new ExitReason.ResourceExhausted("memory", "x"),
            new ExitReason.PolicyViolation("p", "d"),
            new ExitReason.WatchdogTimeout(Duration.ofSeconds(1)),
            new ExitReason.HealthCheckFailed("d"),
            new ExitReason.ReadinessTimeout(Duration.ofNanos(5)),
            new ExitReason.StartLimitHit("d"),
            new ExitReason.Abandoned(Duration.ofDays(1)),
            new ExitReason.Lost("w"),
            new ExitReason.HostLost("h"),
            new ExitReason.Unknown(""));
    assertEquals(ExitReason.class.getPermittedSubclasses().length, exits.size());
    for (ExitReason e : exits) {
      assertEquals(e, Reasons.exit(Reasons.toTexts(e)));
      FailureReason f = FailureReason.of(e);
      assertEquals(f, Reasons.failure(Reasons.toTexts(f)));
    }
    assertEquals(new ExitReason.Unknown("Later 1 2"), Reasons.exit(List.of("Later", "1", "2")));
  }

  @Test
  void theFilesAreForTheirOwnerAlone() throws Exception {
    try (Journal _ = open()) {
      for (String f : List.of("desired.log", "runs.log")) {
        assertEquals(
            "rw-------",
            PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(f))));
      }
    }
  }

  @Test
  void aWriteTornAnywhereLosesNothingButItself() throws Exception {
    try (Journal j = open()) {
      for (String n : List.of("a", "b", "c")) {
        j.deployed(deployment(n)).get(60, TimeUnit.SECONDS);
      }
    }
    // Compacted when opened; then one more.
    try (Journal j = open()) {
      j.deployed(deployment("d")).get(60, TimeUnit.SECONDS);
    }
    byte[] whole = Files.readAllBytes(folder.resolve("desired.log"));
    int last =
        new String(whole, StandardCharsets.ISO_8859_1).lastIndexOf('\n', whole.length - 2) + 1;
    for (int cut = last; cut < whole.length; cut += 7) {
      Files.write(folder.resolve("desired.log"), java.util.Arrays.copyOf(whole, cut));
      try (Journal j = open()) {
        assertEquals(
            List.of("a", "b", "c"), j.deployments().stream().map(Deployment::name).toList());
        assertEquals(cut == last ? 0 : 1, j.problems().size(), j.problems().toString());
      }
    }
  }

  @Test
  void aDamagedRecordIsPassedOverNamedAndKept() throws Exception {
    try (Journal j = open()) {
      for (String n : List.of("a", "b", "c")) {
        j.deployed(deployment(n)).get(60, TimeUnit.SECONDS);
      }
    }
    Path file = folder.resolve("desired.log");
    byte[] good = Files.readAllBytes(file);
    int second = new String(good, StandardCharsets.ISO_8859_1).indexOf("file of b");
    good[second] ^= 1;
    Files.write(file, good);
    try (Journal j = open()) {
      assertEquals(List.of("a", "c"), j.deployments().stream().map(Deployment::name).toList());
      assertEquals(2, j.problems().size(), j.problems().toString());
    }
    try (var files = Files.list(folder)) {
      assertEquals(1, files.filter(f -> f.toString().contains("damaged")).count());
    }
  }

  @Test
  void noDamageWhateverStopsTheManagerFromStarting() throws Exception {
    try (Journal j = open()) {
      for (int i = 0; i < 20; i++) {
        j.deployed(deployment("d" + i)).get(60, TimeUnit.SECONDS);
        j.began("d" + i, handle("d" + i, 1), false, Instant.EPOCH, 0);
      }
    }
    byte[] desired = Files.readAllBytes(folder.resolve("desired.log"));
    byte[] runs = Files.readAllBytes(folder.resolve("runs.log"));
    Random random = new Random(1);
    for (int i = 0; i < 300; i++) {
      byte[] a = desired.clone();
      byte[] b = runs.clone();
      int hits = 1 + random.nextInt(8);
      for (int h = 0; h < hits; h++) {
        // Not the version: a file that says it is of a later one is left alone.
        a[40 + random.nextInt(a.length - 40)] = (byte) random.nextInt();
        b[40 + random.nextInt(b.length - 40)] = (byte) random.nextInt();
      }
      Files.write(folder.resolve("desired.log"), a);
      Files.write(folder.resolve("runs.log"), b);
      try (Journal j = open()) {
        assertTrue(j.deployments().size() >= 20 - 2 * hits, "at most the lines that were hit");
      }
    }
  }

  @Test
  void aFileOfALaterVersionIsRefusedAndNotTouched() throws Exception {
    for (String topic : List.of("runs", "desired")) {
      String later = "duende-journal " + topic + " 99\nwhatever\n";
      Path file = folder.resolve(topic + ".log");
      Files.writeString(file, later);
      IOException e = assertThrows(IOException.class, this::open);
      assertTrue(e.getMessage().contains("later version"), e.getMessage());
      assertEquals(later, Files.readString(file));
      Files.delete(file);
    }
  }

  @Test
  void aRecordWithoutWhatIsNewTakesDefaultsAndOneOfAnUnknownKindIsPassedOver() throws Exception {
    Line old =
        Line.of(
            "daemon",
            "name",
            "a",
            "origin",
            "f",
            "instances",
            List.of("a"),
            "ids",
            List.of(ID.toString()),
            "running",
            List.of("a"),
            "c.name",
            "a",
            "c.binary_path",
            "/bin/x");
    Line future = Line.of("portal", "name", "a");
    Files.write(
        folder.resolve("desired.log"),
        concat(
            "duende-journal desired 1\n".getBytes(StandardCharsets.UTF_8),
            old.encode(),
            future.encode()));
    try (Journal j = open()) {
      DaemonConfig c = j.deployments().getFirst().config();
      assertEquals(new What.Program("/bin/x"), c.what());
      assertEquals(Backoff.DEFAULT, c.backoff());
      assertEquals(1, j.problems().size());
    }
  }

  private static byte[] concat(byte[]... parts) {
    var out = new java.io.ByteArrayOutputStream();
    for (byte[] p : parts) {
      out.writeBytes(p);
    }
    return out.toByteArray();
  }

  @Test
  void theFileIsWrittenAnewWhenMostOfItIsOfNoInterest() throws Exception {
    try (Journal j = open()) {
      j.deployed(deployment("a")).get(60, TimeUnit.SECONDS);
      for (int i = 0; i < 20_000; i++) {
        j.began("a", handle("a", i), false, Instant.EPOCH, i);
      }
      assertTrue(j.flush(Duration.ofSeconds(60)));
      long size = Files.size(folder.resolve("runs.log"));
      assertTrue(size < 2_000_000, "size " + size);
    }
    try (Journal j = open()) {
      assertEquals(19_999, j.run("a").orElseThrow().generation());
    }
  }

  @Test
  void aRunThatIsAskedForIsInTheFileWhenTheCallReturnsHoweverManyAsk() throws Exception {
    Path file = folder.resolve("runs.log");
    int threads = 8;
    int each = 400;
    try (Journal j = open();
        ExecutorService askers = Executors.newFixedThreadPool(threads)) {
      List<Future<?>> all = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        String name = "d" + t;
        all.add(
            askers.submit(
                () -> {
                  for (int i = 1; i <= each; i++) {
                    j.begins(name, handle(name, i), false, Instant.EPOCH, i);
                    if (i % 100 == 0) {
                      assertEquals(i, lastGeneration(file, name));
                    }
                    j.ready(name);
                  }
                  return null;
                }));
      }
      for (Future<?> one : all) {
        Object _ = one.get(60, TimeUnit.SECONDS);
      }
    }
    try (Journal j = open()) {
      assertEquals(List.of(), j.problems());
      for (int t = 0; t < threads; t++) {
        RunRecord r = j.run("d" + t).orElseThrow();
        assertEquals(each, r.generation());
        assertTrue(r.ready());
      }
    }
  }

  @Test
  void whatIsLeftForAStartIsWrittenWithItOrWhenItWasTried() throws Exception {
    Path file = folder.resolve("runs.log");
    try (Journal j = open()) {
      j.begins("a", handle("a", 1), false, Instant.EPOCH, 0);
      j.ended("a", new ExitReason.Graceful(), 1, true);
      j.begins("a", handle("a", 2), false, Instant.EPOCH, 1);
      List<Line> written =
          LineLog.read(file, "runs").lines().stream().filter(l -> l.kind().equals("run")).toList();
      assertEquals(List.of(1L, 2L), written.stream().map(l -> l.number("generation", 0)).toList());
      assertEquals(
          new ExitReason.Graceful(),
          j.run("a").orElseThrow().exit().orElseThrow(),
          "what follows an end says how it was");
      assertFalse(written.getFirst().fields().containsKey("exit"));
      assertTrue(written.getLast().fields().containsKey("exit"));
      j.began("a", handle("a", 3), false, Instant.EPOCH, 1);
      j.startTried();
      Deadline soon = Deadline.after(Duration.ofSeconds(60));
      while (lastGeneration(file, "a") != 3) {
        assertFalse(soon.hasPassed());
        Thread.onSpinWait();
      }
    }
  }

  @Test
  void aRunThatAnInterruptedThreadAsksForIsInTheFileAllTheSame() throws Exception {
    try (Journal j = open()) {
      Thread.currentThread().interrupt();
      j.begins("a", handle("a", 5), false, Instant.EPOCH, 0);
      assertTrue(Thread.interrupted());
      assertEquals(5, lastGeneration(folder.resolve("runs.log"), "a"));
      j.begins("a", handle("a", 6), false, Instant.EPOCH, 0);
      assertEquals(6, lastGeneration(folder.resolve("runs.log"), "a"));
    }
    try (Journal j = open()) {
      assertEquals(List.of(), j.problems());
      assertEquals(6, j.run("a").orElseThrow().generation());
    }
  }

  @Test
  void anInterruptInTheMiddleOfAWriteLosesNoRecord() throws Exception {
    Path file = folder.resolve("runs.log");
    try (Journal j = open()) {
      AtomicBoolean done = new AtomicBoolean();
      Thread asker =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 1; i <= 500; i++) {
                      j.begins("a", handle("a", i), false, Instant.EPOCH, i);
                      boolean _ = Thread.interrupted();
                    }
                    done.set(true);
                  });
      while (!done.get()) {
        asker.interrupt();
        Thread.onSpinWait();
      }
      assertTrue(asker.join(Duration.ofSeconds(60)));
      assertEquals(500, lastGeneration(file, "a"));
      j.begins("b", handle("b", 1), false, Instant.EPOCH, 0);
      assertEquals(1, lastGeneration(file, "b"));
    }
    try (Journal j = open()) {
      assertEquals(List.of(), j.problems());
      assertEquals(500, j.run("a").orElseThrow().generation());
    }
  }

  /** As it is in the file now; somebody may be at its end. */
  private static long lastGeneration(Path file, String name) throws IOException {
    return LineLog.read(file, "runs").lines().stream()
        .filter(l -> l.text("name").equals(Optional.of(name)))
        .reduce((first, last) -> last)
        .orElseThrow()
        .number("generation", -1);
  }

  @Test
  void aFullDiskFailsTheCallKeepsTheFileWholeAndIsMadeGoodLater() throws Exception {
    Path mount = Files.createDirectory(folder.resolve("small"));
    Assumptions.assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", mount.toString()),
        "mounting a small file system takes root");
    try {
      Path ballast = mount.resolve("ballast");
      try (Journal j = new Journal(mount.resolve("journal"), "c")) {
        j.deployed(deployment("a")).get(60, TimeUnit.SECONDS);
        Files.write(ballast, new byte[0]);
        try (var out = Files.newOutputStream(ballast)) {
          for (int i = 0; i < 100; i++) {
            out.write(new byte[1024]);
          }
        } catch (IOException full) {
          // As intended.
        }
        ExecutionException e = null;
        for (int i = 0; i < 50 && e == null; i++) {
          try {
            j.deployed(deployment("b" + i)).get(60, TimeUnit.SECONDS);
          } catch (ExecutionException x) {
            e = x;
          }
        }
        assertTrue(e != null && e.getCause() instanceof IOException, String.valueOf(e));
        List<Line> lines = LineLog.read(mount.resolve("journal/desired.log"), "desired").lines();
        assertTrue(lines.size() >= 1);
        Files.delete(ballast);
        long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (LineLog.read(mount.resolve("journal/desired.log"), "desired").lines().size()
            < j.deployments().size()) {
          assertTrue(System.nanoTime() < end, "was not made good");
          Thread.sleep(20);
        }
      }
      try (Journal j = new Journal(mount.resolve("journal"), "c")) {
        assertEquals(List.of(), j.problems());
        assertTrue(j.deployments().size() >= 2);
      }
    } finally {
      run("umount", "-l", mount.toString());
    }
  }

  private static boolean run(String... command) throws Exception {
    Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
    p.getInputStream().readAllBytes();
    return p.waitFor() == 0;
  }
}
