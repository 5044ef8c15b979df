package com.paiml.duende.adapter.wos.abi;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PrintableTest {

  @Test
  void given_what_would_change_a_terminal_when_it_is_shown_then_it_does_not() {
    assertEquals("?[2Jbusy?", Printable.of("\u001b[2Jbusy\n", 100));
    assertEquals("one?two", Printable.of("one\u202etwo", 100));
    assertEquals("one?two?", Printable.of("one\u2028two\u009b", 100));
    assertEquals("größer 漢字", Printable.of("größer 漢字", 100));
  }

  @Test
  void given_a_long_text_when_it_is_shown_then_it_is_cut() {
    assertEquals("xxxxx…", Printable.of("x".repeat(1_000_000), 5));
    assertEquals("xxxxx", Printable.of("xxxxx", 5));
  }
}
