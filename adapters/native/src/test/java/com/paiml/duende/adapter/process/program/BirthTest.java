package com.paiml.duende.adapter.process.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@DisabledOnOs(OS.WINDOWS)
class BirthTest {
  private static final ProcessHandle SELF = ProcessHandle.current();

  @Test
  void aProcessIsTheOneThatItWasAndNoOther() throws Exception {
    Process other = new ProcessBuilder("sleep", "60").start();
    try {
      assertEquals(Birth.of(SELF), Birth.of(SELF));
      assertTrue(Birth.is(SELF, Birth.of(SELF)));
      assertNotEquals(Birth.of(SELF), Birth.of(other.toHandle()));
      assertFalse(Birth.is(SELF, Birth.of(other.toHandle())));
    } finally {
      assertTrue(other.destroyForcibly().waitFor(60, TimeUnit.SECONDS));
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void whatIsNotedDoesNotHangOnTheClock() {
    assertTrue(Birth.of(SELF).matches("\\d+ of boot [-0-9a-f]{36}"), Birth.of(SELF));
  }

  @Test
  void aHandleOfAnOlderContainerHasItByTheClock() {
    String then =
        SELF.info().startInstant().map(i -> Long.toString(i.toEpochMilli())).orElseThrow();
    assertTrue(Birth.is(SELF, then));
    assertFalse(Birth.is(SELF, then + "0"));
  }
}
