package com.paiml.duende.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StartLevelsTest {
  @Test
  void givenNoHeader_thenLibrariesComeBeforeOurs() {
    assertEquals(1, StartLevels.of("org.apache.felix.scr", null));
    assertEquals(30, StartLevels.of("com.paiml.duende.manager", null));
    assertEquals(1, StartLevels.of("com.example.duende", null));
  }

  @Test
  void givenAHeader_thenItDecides() {
    assertEquals(50, StartLevels.of("com.paiml.duende.manager", " 50 "));
    assertEquals(99, StartLevels.of("com.example.guest", "99"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "100", "-1", "soon", ""})
  void givenAHeaderOutOfRange_thenTheDefaultHolds(String header) {
    assertEquals(30, StartLevels.of("com.paiml.duende.manager", header));
  }
}
