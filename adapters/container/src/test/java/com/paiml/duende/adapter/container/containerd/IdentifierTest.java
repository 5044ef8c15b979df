package com.paiml.duende.adapter.container.containerd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Given names of daemons behind Duende's own word, then each has an identifier that containerd takes, and no two the same. */
class IdentifierTest {
  private static final String BEFORE = "duende-857ecfb6-";

  @ParameterizedTest
  @ValueSource(strings = {"web", "a-b_c", "X9"})
  void what_containerd_takes_stays_what_it_is(String name) {
    assertEquals(BEFORE + name, Identifier.of(BEFORE + name));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-rf",
        "web-",
        "a__b",
        "_",
        "0123456789012345678901234567890123456789012345678901234567890123",
        "---------------------------------------------------------------x",
        "x---------------------------------------------------------------"
      })
  void what_it_does_not_take_is_changed_once_and_for_all(String name) {
    String identifier = Identifier.of(BEFORE + name);
    assertTrue(identifier.matches("[A-Za-z0-9]+([._-][A-Za-z0-9]+)*"), identifier);
    assertTrue(identifier.length() <= 76, identifier);
    assertTrue(identifier.startsWith(BEFORE), identifier);
    assertEquals(identifier, Identifier.of(identifier));
  }

  @Test
  void names_that_differ_have_identifiers_that_differ() {
    assertNotEquals(Identifier.of(BEFORE + "a--b"), Identifier.of(BEFORE + "a__b"));
    assertNotEquals(Identifier.of(BEFORE + "-rf"), Identifier.of(BEFORE + "-RF"));
    assertNotEquals(Identifier.of(BEFORE + "-rf"), Identifier.of(BEFORE + "rf"));
  }
}
