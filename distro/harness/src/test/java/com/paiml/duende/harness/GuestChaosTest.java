package com.paiml.duende.harness;

import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.guest.Guest;
import com.paiml.duende.lab.guest.GuestTests;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Faults for which this machine's kernel lacks something. */
@Tag("long")
class GuestChaosTest {
  private static Guest guest;

  @BeforeAll
  static void boot() throws Exception {
    try {
      guest =
          Guest.prepare()
              .memory(768)
              .ownClassPath()
              .module("sch_netem")
              .program("tc", "iproute2")
              .boot();
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
  }

  @AfterAll
  static void end() throws Exception {
    if (guest != null) {
      guest.close();
    }
  }

  @TestFactory
  Stream<DynamicTest> the_kernel_s_own_netem_hits_the_target_alone_and_is_undone()
      throws Exception {
    return GuestTests.of(guest, Duration.ofMinutes(20), NetworkInGuest.class);
  }
}
