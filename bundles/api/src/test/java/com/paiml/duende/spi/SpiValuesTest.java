package com.paiml.duende.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonId;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SpiValuesTest {
  @Test
  void names_of_a_second_instance_contain_its_id() {
    assertEquals("duende-web", new Instance("00c0ffee", true).qualify("web"));
    assertEquals("duende-00c0ffee-web", new Instance("00c0ffee", false).qualify("web"));
    assertThrows(IllegalArgumentException.class, () -> new Instance("x", true));
  }

  @Test
  void a_deadline_passes_and_nested_ones_never_outlast_it() {
    assertTrue(Deadline.after(Duration.ofSeconds(-1)).hasPassed());
    assertEquals(Duration.ZERO, Deadline.after(Duration.ofSeconds(-1)).remaining());
    Deadline hour = Deadline.after(Duration.ofHours(1));
    assertFalse(hour.hasPassed());
    assertTrue(
        hour.orAfter(Duration.ofMinutes(1)).remaining().compareTo(Duration.ofMinutes(1)) <= 0);
    assertEquals(hour, hour.orAfter(Duration.ofHours(2)));
  }

  @Test
  void a_handle_knows_its_process_where_there_is_one() {
    DaemonId id = DaemonId.random();
    assertEquals(
        OptionalLong.of(42), new DaemonHandle("native", "a", id, 1, Map.of("pid", "42")).pid());
    assertEquals(OptionalLong.empty(), new DaemonHandle("wos", "a", id, 1, Map.of()).pid());
  }

  @Test
  void a_fingerprint_tells_capabilities_by_kind_of_payload() {
    Fingerprint f =
        new Fingerprint(
            true,
            "",
            false,
            "",
            Map.of(Payload.Kind.PROGRAM, Set.of(Capability.KILL)),
            Map.of(),
            Map.of());
    assertTrue(f.takes(Payload.Kind.PROGRAM));
    assertTrue(f.can(Payload.Kind.PROGRAM, Capability.KILL));
    assertFalse(f.can(Payload.Kind.PROGRAM, Capability.PAUSE));
    assertFalse(f.can(Payload.Kind.IMAGE, Capability.KILL));
    assertFalse(Fingerprint.absent("no bus").present());
  }
}
