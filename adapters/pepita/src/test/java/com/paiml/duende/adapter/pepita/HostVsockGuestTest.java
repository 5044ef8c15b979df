package com.paiml.duende.adapter.pepita;

import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.guest.Guest;
import com.paiml.duende.lab.guest.GuestTests;
import java.nio.file.Path;
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
        Guest.prepare()
            .memory(1024)
            .module("vhost_vsock")
            .ownClassPath()
            .program("qemu-system-x86_64", "qemu-system-x86")
            .file(Path.of("/usr/share/qemu"), "share/qemu")
            .file(Path.of("/usr/share/seabios"), "share/seabios")
            .file(image.folder(), "pepita/default")
            .boot()) {
      return GuestTests.of(
          GuestTests.verdicts(
              guest,
              MOST,
              List.of("-Dpepita.built=/app/pepita"),
              words -> words,
              HostVsockInGuest.class));
    } catch (Missing missing) {
      abort(missing.getMessage());
      throw missing;
    }
  }
}
