package com.paiml.duende.survival;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.bench.drive.Churn;
import com.paiml.duende.bench.drive.Fleet;
import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Nature;
import com.paiml.duende.bench.drive.Sort;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Given two hundred daemons and clients that command some of them, when the jar of a bundle is replaced in the running
 * container, then no daemon outside what that bundle had in the JVM is touched, every command is carried out or refused with a
 * word, and nothing of the old bundle stays.
 */
class BundlesSwappedIT {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final List<String> BUNDLES =
      List.of(
          "native",
          "wos",
          "systemd",
          "container",
          "pepita",
          "launchd",
          "manager",
          "policy",
          "observe",
          "shell",
          "mlock");

  /** Whose daemons live in the JVM with it: these begin anew, once. */
  private static final Map<String, List<String>> INSIDE =
      Map.of("native", List.of("object"), "manager", List.of("object"), "wos", List.of("module"));

  /** Who knows of a program's end, and who starts the next. */
  private static final Set<String> SUPERVISING = Set.of("native", "manager");

  @TempDir Path folder;
  private Installed duende;
  private Path bundles;

  private void install(Path where) throws Exception {
    // A distribution of its own: its jars are written over.
    Path home = where.resolve("duende");
    copy(Settings.distribution(), home);
    bundles = home.resolve("bundles");
    duende = new Installed(home, where.resolve("c"));
    duende.bundle(Settings.probe());
  }

  @AfterEach
  void close() throws Exception {
    if (duende != null) {
      duende.close();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path file : all.toList()) {
        Path name = from.relativize(file);
        if (!name.startsWith("data")) {
          Path _ =
              Files.copy(file, to.resolve(name.toString()), StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    }
  }

  @Test
  void one_swap_of_each_bundle_touches_nobody_else() throws Exception {
    install(folder);
    swap(BUNDLES, new Fleet(duende), List.of());
  }

  @Test
  @Tag("long")
  void a_hundred_swaps_leave_nothing_behind_on_any_platform(TestReporter report) throws Exception {
    Random random = new Random(Settings.seed());
    List<String> all = Settings.bundles(BUNDLES);
    List<String> order = new ArrayList<>(all);
    int swaps = Settings.rounds(100);
    while (order.size() < swaps) {
      order.add(all.get(random.nextInt(all.size())));
    }
    try (Platforms platforms = Platforms.start(Settings.platforms())) {
      platforms.missing().forEach(reason -> report.publishEntry("not on", reason));
      install(platforms.folder(folder));
      try (Installed container = duende) {
        List<Platform> foreign = platforms.in(container);
        Fleet fleet = new Fleet(container);
        for (Platform platform : foreign) {
          // A machine is an emulated processor's work, and takes longer to boot than a swap.
          boolean heavy = platform.sort().name().equals("machine");
          List<Fleet.Member> _ = fleet.add(platform.sort(), Nature.STEADY, heavy ? 1 : 3);
          List<Fleet.Member> _ = fleet.add(platform.sort(), Nature.TOGGLED, heavy ? 0 : 2);
        }
        swap(order, fleet, foreign);
      }
    }
  }

  private void swap(List<String> order, Fleet fleet, List<Platform> platforms) throws Exception {
    long seed = Settings.seed();
    Random random = new Random(seed);
    Sort programs = Sort.programs(duende);
    Sort objects = Sort.objects(duende);
    Sort modules = Sort.modules(duende, Settings.modules());
    List<Fleet.Member> _ = fleet.add(programs, Nature.STEADY, 150);
    List<Fleet.Member> _ = fleet.add(programs, Nature.TOGGLED, 8);
    List<Fleet.Member> _ = fleet.add(programs, Nature.CRASHING, 2);
    Sort prompt = Sort.promptPrograms(duende);
    List<Fleet.Member> _ = fleet.add(prompt, Nature.STEADY, 4);
    List<Fleet.Member> _ = fleet.add(prompt, Nature.TOGGLED, 2);
    List<Fleet.Member> _ = fleet.add(prompt, Nature.CRASHING, 4);
    List<Fleet.Member> _ = fleet.add(objects, Nature.STEADY, 26);
    List<Fleet.Member> _ = fleet.add(objects, Nature.TOGGLED, 4);
    List<Fleet.Member> _ = fleet.add(modules, Nature.STEADY, 6);
    List<Fleet.Member> _ = fleet.add(modules, Nature.TOGGLED, 4);
    Churn churn = new Churn(fleet, 4, random.nextLong(), Churn.Manners.MAY_BE_REFUSED);
    Audit audit = new Audit(fleet, churn, platforms);
    duende.up();
    long _ = audit.await("at the beginning");
    audit.begin();
    Map<String, List<Long>> gaps = new TreeMap<>();
    List<Vitals> vitals = new ArrayList<>();
    for (int i = 0; i < order.size(); i++) {
      // Each has been swapped once: what is only made once is there.
      if (i == Settings.bundles(BUNDLES).size()) {
        vitals.add(vitals(churn, audit));
      }
      String bundle = order.get(i);
      long gap = swap(bundle, churn, audit, "seed " + seed + ", swap " + (i + 1) + " of " + bundle);
      gaps.computeIfAbsent(bundle, b -> new ArrayList<>()).add(gap);
    }
    StringBuilder figures = new StringBuilder();
    gaps.forEach(
        (bundle, all) ->
            figures
                .append(' ')
                .append(bundle)
                .append(' ')
                .append(all.stream().mapToLong(g -> g).sum() / all.size())
                .append(
                    all.size() > 1 ? "/" + all.stream().mapToLong(g -> g).max().orElse(0) : ""));
    System.out.println(
        "seed "
            + seed
            + ": "
            + order.size()
            + " swaps, "
            + churn.commands()
            + " commands answered, "
            + churn.refusals().size()
            + " refused with a word (such as: "
            + churn.refusals().stream().findFirst().orElse("none")
            + "), "
            + audit.hearLives()
            + " lives of programs that crash in their logs, none lost or twice; longest time"
            + " without an answer, ms, mean/most (goal 300):"
            + figures);
    if (!vitals.isEmpty()) {
      Vitals before = vitals.getFirst();
      // A thread that is idle keeps for some seconds what it has run last.
      Optional<Vitals> settled =
          Await.value(
              PATIENCE,
              () ->
                  Optional.of(vitals(churn, audit))
                      .filter(
                          v ->
                              v.loaders() <= before.loaders() + 2
                                  && v.threads() <= before.threads() + 10));
      Vitals after = settled.isPresent() ? settled.get() : vitals(churn, audit);
      System.out.println("before " + before + ", after " + after);
      assertTrue(after.loaders() <= before.loaders() + 2, "class loaders: " + after);
      assertTrue(after.threads() <= before.threads() + 10, "threads: " + after);
      assertTrue(
          after.descriptors() <= before.descriptors() + 10,
          "descriptors: " + after + ", more: " + after.moreThan(before));
      assertTrue(after.services() <= before.services() + 2, "services: " + after);
      assertTrue(after.heapKiB() <= before.heapKiB() * 1.25 + 2048, "heap: " + after);
    }
  }

  /** With all daemons running: each that runs has some descriptors. */
  private Vitals vitals(Churn churn, Audit audit) throws Exception {
    churn.startAll();
    long _ = audit.await("all are started");
    String services = duende.say("shell", "felix:inspect cap service").ok();
    return Vitals.of(
        duende.container().orElseThrow().pid(),
        services.lines().filter(l -> l.contains("service.id")).count());
  }

  /** The longest time without an answer, milliseconds. */
  private long swap(String bundle, Churn churn, Audit audit, String where) throws Exception {
    audit.mark();
    if (SUPERVISING.contains(bundle)) {
      audit.handedOver();
    }
    for (String sort : List.of("object", "module")) {
      int times = INSIDE.getOrDefault(bundle, List.of()).contains(sort) ? 1 : 0;
      audit.expect(sort, times, times);
    }
    churn.begin();
    Asker asker = new Asker(duende, "program-steady-1");
    asker.begin();
    long before = updates();
    Path jar = bundles.resolve("com.paiml.duende." + bundle + ".jar");
    Path next = bundles.resolve(bundle + ".next");
    Files.copy(jar, next);
    Files.move(next, jar, StandardCopyOption.ATOMIC_MOVE);
    Await.until(where + ": it is updated", PATIENCE, () -> updates() > before);
    Await.until(where + ": it answers again", PATIENCE, asker::isAnswered);
    long gap = asker.halt();
    churn.halt();
    long _ = audit.await(where);
    audit.settle();
    assertEquals(List.of(), churn.faults(), where);
    return gap;
  }

  private long updates() throws IOException {
    return duende.log().lines().filter(l -> l.contains("updated com.paiml.duende.")).count();
  }
}
