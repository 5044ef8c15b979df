package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.TableSchema;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What an adapter says of itself. */
interface FingerprintContract extends Contract {

  @Test
  default void the_platform_is_there_or_the_fingerprint_says_why_not() {
    Fingerprint f = bench().adapter().fingerprint(bench().deadline());
    if (f.present()) {
      assertEquals("", f.problem(), "a platform that is there has no problem");
      assertTrue(
          f.takes(bench().subject().kind()), () -> "takes only " + f.capabilities().keySet());
    } else {
      assertFalse(f.problem().isBlank(), "absent, and no reason given");
      assertTrue(f.capabilities().isEmpty(), "absent, and yet able to " + f.capabilities());
    }
  }

  @Test
  default void what_is_missing_has_a_reason_and_is_not_declared_as_well() {
    Fingerprint f = bench().fingerprint();
    Set<Capability> declared = f.capabilities().getOrDefault(bench().subject().kind(), Set.of());
    f.missing()
        .forEach((c, why) -> assertFalse(why.isBlank(), () -> c + " is missing without a reason"));
    if (f.capabilities().size() == 1) {
      f.missing()
          .keySet()
          .forEach(c -> assertFalse(declared.contains(c), () -> c + " is missing and declared"));
    }
  }

  @Test
  default void a_fingerprint_answers_even_when_its_deadline_has_passed() {
    PlatformAdapter adapter = bench().adapter();
    long begin = System.nanoTime();
    Fingerprint f = adapter.fingerprint(Deadline.after(Duration.ZERO));
    assertTrue(f.present() || !f.problem().isBlank(), "neither there nor a reason");
    assertTrue(
        System.nanoTime() - begin < bench().patience().toNanos(), "the deadline was not kept");
  }

  @Test
  default void the_table_of_the_daemon_file_is_described() {
    TableSchema schema = bench().adapter().schema();
    assertEquals(bench().subject().platform(), schema.platform());
    Set<String> names = new HashSet<>();
    for (TableSchema.Key key : schema.keys()) {
      assertTrue(names.add(key.name()), () -> "described twice: " + key.name());
      assertFalse(key.description().isBlank(), () -> "not described: " + key.name());
      assertTrue(
          key.allowed().isEmpty()
              || key.defaultValue().isEmpty()
              || key.allowed().contains(key.defaultValue()),
          () -> "the default of " + key.name() + " is not allowed");
    }
  }

  @Test
  default void what_is_not_declared_is_refused_by_name() throws Exception {
    Workbench bench = bench();
    bench.fingerprint();
    PlatformAdapter adapter = bench.adapter();
    Run run = bench.start(new Behaviour.Sleeps()).up();
    Map<Capability, Executable> calls =
        Map.of(
            Capability.SIGNAL, () -> adapter.signal(run.handle(), Signal.USR1, bench.deadline()),
            Capability.PAUSE, () -> adapter.pause(run.handle(), bench.deadline()),
            Capability.EXEC,
                () -> adapter.exec(run.handle(), List.of("/bin/true"), bench.deadline()),
            Capability.USAGE, () -> adapter.usage(run.handle(), bench.deadline()),
            Capability.TRACE, () -> adapter.traceTarget(run.handle(), bench.deadline()),
            Capability.UPDATE_LIMITS,
                () -> adapter.updateLimits(run.handle(), Resources.DEFAULT, bench.deadline()));
    calls.forEach(
        (capability, call) -> {
          if (!bench.can(capability)) {
            assertEquals(
                ErrorCode.NOT_SUPPORTED,
                assertRefused(capability + " is not declared", call).code(),
                () -> "code of the refusal of " + capability);
          }
        });
  }
}
