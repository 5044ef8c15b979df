package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.Resources;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.LimitReport;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Limits are in force as the platform says, read back. */
interface LimitContract extends Contract {
  /** What the tests write: each value far from its default. */
  Resources WRITTEN =
      new Resources(
          96L << 20,
          128L << 20,
          50,
          512,
          8L << 20,
          8L << 20,
          1L << 20,
          64L << 20,
          77,
          256,
          false,
          false,
          Resources.Enforce.STRICT);

  Map<Capability, String> KEYS =
      Map.of(
          Capability.LIMIT_MEMORY, "resources.memory",
          Capability.LIMIT_MEMORY_SWAP, "resources.memory_swap",
          Capability.LIMIT_CPU_QUOTA, "resources.cpu_quota",
          Capability.LIMIT_CPU_SHARES, "resources.cpu_shares",
          Capability.LIMIT_PIDS, "resources.pids",
          Capability.LIMIT_OPEN_FILES, "resources.open_files");

  @Test
  default void written_limits_that_are_declared_are_in_force_and_read_back() throws Exception {
    Map<Capability, String> declared = declared();
    Run run = start(declared.values());
    List<LimitReport> reports = bench().adapter().status(run.handle(), bench().deadline()).limits();
    declared
        .values()
        .forEach(
            key -> {
              LimitReport report =
                  find(reports, key)
                      .orElseThrow(
                          () -> new AssertionError(key + " is not reported in " + reports));
              assertTrue(report.inForce(), () -> "declared and not in force: " + report);
              assertFalse(report.actual().isBlank(), () -> "not read back: " + report);
              assertFalse(report.mechanism().isBlank(), () -> "enforced by what? " + report);
            });
    assertCount(reports, "resources.open_files", WRITTEN.openFiles());
    assertCount(reports, "resources.pids", WRITTEN.pids());
    reports.stream()
        .filter(r -> !r.inForce())
        .forEach(r -> assertFalse(r.why().isBlank(), () -> "not in force, and why? " + r));
  }

  @Test
  default void the_limit_on_descriptors_is_what_the_daemon_finds() throws Exception {
    bench().require(Capability.LIMIT_OPEN_FILES, Capability.LOGS);
    Run run =
        bench()
            .start(
                new Behaviour.PrintsOpenFiles(),
                b -> b.resources(WRITTEN).written(Set.of("resources.open_files")));
    run.awaitLine("end");
    assertEquals(List.of("256", "end"), run.lines());
  }

  @Test
  default void limits_are_changed_while_it_runs() throws Exception {
    bench().require(Capability.UPDATE_LIMITS);
    Map<Capability, String> declared = declared();
    Run run = start(declared.values());
    Map<String, String> before = actual(run, declared);
    Resources other =
        new Resources(
            160L << 20,
            256L << 20,
            75,
            256,
            8L << 20,
            8L << 20,
            1L << 20,
            64L << 20,
            99,
            128,
            false,
            false,
            Resources.Enforce.STRICT);
    int alive = run.alive();
    List<LimitReport> reports =
        bench().adapter().updateLimits(run.handle(), other, bench().deadline());
    Map<String, String> after = actual(run, declared);
    for (String key : declared.values()) {
      LimitReport report = find(reports, key).orElse(null);
      // Some limits can be changed for processes to come only: then the report says so.
      if (report != null && !report.inForce()) {
        assertFalse(report.why().isBlank(), () -> "not changed, and why? " + report);
      } else {
        assertNotEquals(before.get(key), after.get(key), () -> key + " has not changed");
      }
    }
    assertTrue(
        reports.stream().anyMatch(LimitReport::inForce), () -> "nothing was changed: " + reports);
    assertEquals(alive, run.alive(), "processes came or went");
    assertFalse(run.hasExited());
  }

  private Map<Capability, String> declared() {
    Map<Capability, String> declared = new LinkedHashMap<>(KEYS);
    declared.keySet().removeIf(c -> !bench().can(c));
    assumeTrue(!declared.isEmpty(), "not declared: any limit");
    return declared;
  }

  private Run start(java.util.Collection<String> keys) throws Exception {
    return bench()
        .start(new Behaviour.Sleeps(), b -> b.resources(WRITTEN).written(Set.copyOf(keys)))
        .up();
  }

  private Map<String, String> actual(Run run, Map<Capability, String> declared) throws Exception {
    Map<String, String> actual = new LinkedHashMap<>();
    for (LimitReport r : bench().adapter().status(run.handle(), bench().deadline()).limits()) {
      if (declared.containsValue(r.key())) {
        actual.put(r.key(), r.actual());
      }
    }
    return actual;
  }

  /** Counts are written alike everywhere; sizes and shares every platform writes its own way. */
  private static void assertCount(List<LimitReport> reports, String key, long asked) {
    find(reports, key)
        .filter(LimitReport::inForce)
        .ifPresent(r -> assertEquals(Long.toString(asked), r.actual(), r::toString));
  }

  private static Optional<LimitReport> find(List<LimitReport> reports, String key) {
    return reports.stream().filter(r -> r.key().equals(key)).findFirst();
  }
}
