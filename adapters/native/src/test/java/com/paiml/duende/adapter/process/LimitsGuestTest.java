package com.paiml.duende.adapter.process;

import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.guest.Disk;
import com.paiml.duende.lab.guest.Guest;
import com.paiml.duende.lab.guest.GuestTests;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Limits where version 2 of cgroups holds every controller, which this machine may not have: in a guest. */
@Tag("long")
class LimitsGuestTest {
  @TestFactory
  Stream<DynamicTest> limits_of_cgroup_version_2_hold() throws Exception {
    try (Disk disk = Disk.empty(64L << 20);
        Guest guest =
            Guest.prepare()
                .memory(768)
                .ownClassPath()
                .program("dd", "coreutils")
                .disk(disk)
                .boot()) {
      List<DynamicTest> all = new ArrayList<>();
      GuestTests.of(guest, Duration.ofMinutes(15), LimitsInGuest.class).forEach(all::add);
      return all.stream();
    } catch (Missing missing) {
      abort(missing.getMessage());
      throw missing;
    }
  }
}
