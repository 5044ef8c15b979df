package com.paiml.duende.adapter.pepita;

import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.guest.Guest;
import com.paiml.duende.lab.guest.GuestTests;
import com.paiml.duende.lab.guest.MachineHost;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * The host kernel's own vsock, which this machine may not have: in a guest, whose kernel is the host's of a QEMU in it. A
 * machine in a machine, both emulated, boots in minutes.
 */
@Tag("long")
class HostVsockGuestTest {
  private static final Duration MOST = Duration.ofMinutes(40);

  @TestFactory
  Stream<DynamicTest> the_kernels_own_vsock_is_as_good() throws Exception {
    Image image = Built.image();
    try (Guest guest =
        MachineHost.boot(Guest.prepare().ownClassPath().file(image.folder(), "pepita/default"))) {
      return GuestTests.of(
          GuestTests.verdicts(
              guest,
              MOST,
              List.of("-Dpepita.built=/app/pepita", "-Dpepita.minutes=14"),
              words -> words,
              HostVsockInGuest.class));
    } catch (Missing missing) {
      abort(missing.getMessage());
      throw missing;
    }
  }
}
