package com.paiml.duende.adapter.systemd.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Map;
import java.util.Set;
import org.freedesktop.dbus.types.Variant;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** Properties of the bus as text. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class VariantsTest {
  private static final Set<String> NAMES = Set.of("ActiveState", "Description");

  /** As they come from the bus: a text of its own in each message. */
  private static Map<String, String> told(String state, String description) {
    return Variants.texts(
        Map.of(
            "ActiveState",
            new Variant<>(new String(state.toCharArray())),
            "Description",
            new Variant<>(new String(description.toCharArray()))),
        NAMES);
  }

  @Test
  void the_words_of_all_units_are_kept_once() {
    assertSame(told("active", "one").get("ActiveState"), told("active", "two").get("ActiveState"));
  }

  @Test
  void other_texts_are_as_they_came() {
    assertEquals(
        Map.of("ActiveState", "maintenance", "Description", "web [duende]"),
        told("maintenance", "web [duende]"));
  }
}
