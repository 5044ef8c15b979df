package com.paiml.duende.adapter.process.program;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ConfiningTest {
  // linux/capability.h: CAP_NET_BIND_SERVICE is number 10, CAP_CHOWN 0.
  private static final String NET_BIND_SERVICE = "0000000000000400";
  private static final String EVERYTHING = "000001ffffffffff";

  @Test
  void given_exactly_the_capabilities_asked_for_then_they_are_in_force() {
    assertTrue(Confining.holdsNoOther(NET_BIND_SERVICE, List.of("NET_BIND_SERVICE")));
    assertTrue(Confining.holdsNoOther("0000000000000000", List.of()));
  }

  @Test
  void given_less_than_asked_for_then_nothing_is_there_that_should_not_be() {
    assertTrue(Confining.holdsNoOther(NET_BIND_SERVICE, List.of("CAP_NET_BIND_SERVICE", "CHOWN")));
  }

  @Test
  void given_one_more_than_asked_for_then_they_are_not_in_force() {
    assertFalse(Confining.holdsNoOther(NET_BIND_SERVICE, List.of("CHOWN")));
    assertFalse(Confining.holdsNoOther(NET_BIND_SERVICE, List.of()));
    assertFalse(Confining.holdsNoOther(EVERYTHING, List.of("NET_BIND_SERVICE")));
  }

  @Test
  void given_no_answer_of_the_kernel_then_they_are_not_in_force() {
    assertFalse(Confining.holdsNoOther("", List.of("CHOWN")));
  }
}
