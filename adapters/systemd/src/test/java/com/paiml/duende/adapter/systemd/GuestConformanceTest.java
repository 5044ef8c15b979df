package com.paiml.duende.adapter.systemd;

import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.guest.Debian;
import com.paiml.duende.lab.guest.Disk;
import com.paiml.duende.lab.guest.Guest;
import com.paiml.duende.lab.guest.GuestTests;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * A systemd in a guest whose kernel has control groups of version 2 with all controllers: the parts of the contract about
 * limits, pause and use, and what systemd does there only. Emulated: about ten minutes.
 */
@Tag("long")
class GuestConformanceTest {
  /** Of the kit: limits, pauses, use and rest, notification, and the end by a watchdog or want of memory. */
  private static final String PARTS =
      ".*(limit|pause|processor time|memory|whole tree are counted|figure is|rested"
          + "|watchdog|notify).*";

  /** Everything emulated is slow. */
  private static final List<String> SLOW =
      List.of("-Dpatience=300", "-Dduende.systemd.connect=120");

  private static Disk disk;
  private static Guest guest;

  @BeforeAll
  static void boot() throws Exception {
    try {
      disk = Debian.disk();
      guest = Guest.prepare().memory(1536).module("overlay").ownClassPath().disk(disk).boot();
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
  }

  @AfterAll
  static void end() throws Exception {
    try (Disk _ = disk) {
      if (guest != null) {
        guest.close();
      }
    }
  }

  @TestFactory
  Stream<DynamicTest> limits_freezer_and_ends_under_control_groups_of_version_2() throws Exception {
    Debian debian = Debian.mount(guest, "/dev/vdc");
    return Stream.of(
            GuestTests.verdicts(
                guest, Duration.ofMinutes(10), SLOW, debian::words, VersionTwoInGuest.class),
            GuestTests.verdicts(
                guest,
                Duration.ofMinutes(20),
                Stream.concat(SLOW.stream(), Stream.of("-Dtest.only=" + PARTS)).toList(),
                debian::words,
                SystemConformanceTest.class))
        .flatMap(GuestTests::of);
  }
}
