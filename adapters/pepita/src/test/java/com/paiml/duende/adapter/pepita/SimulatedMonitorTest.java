package com.paiml.duende.adapter.pepita;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.pepita.monitor.CloudHypervisorMonitor;
import com.paiml.duende.adapter.pepita.monitor.FirecrackerMonitor;
import com.paiml.duende.adapter.pepita.monitor.Monitor;
import com.paiml.duende.adapter.pepita.monitor.SimulatedMain;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The monitors with an HTTP API, simulated (see {@link SimulatedMain}): whole lives of a real guest behind them. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SimulatedMonitorTest {
  @TempDir Path folder;

  private Monitor monitor(String which) throws Exception {
    Path program = folder.resolve(which);
    Files.writeString(
        program,
        "#!/bin/sh\nexec "
            + Path.of(System.getProperty("java.home"), "bin", "java")
            + " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp '"
            + System.getProperty("java.class.path")
            + "' "
            + SimulatedMain.class.getName()
            + " "
            + which
            + " \"$@\"\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    // They cannot emulate; what stands in for them does, so that the adapter is told it can.
    return new Emulating(
        which.equals("firecracker")
            ? new FirecrackerMonitor(Optional.of(program))
            : new CloudHypervisorMonitor(Optional.of(program)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"firecracker", "cloud-hypervisor"})
  void a_whole_life_by_the_api(String which) throws Exception {
    try (Lab lab = new Lab(monitor(which))) {
      Fingerprint fingerprint = lab.adapter().fingerprint(Lab.deadline());
      assertTrue(fingerprint.simulated(), "it must be told that it is simulated");
      LaunchSpec spec =
          lab.shell("trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.1; done");
      DaemonHandle handle = lab.start(spec);
      Await.until("it is up", Lab.PATIENCE, () -> lab.log(handle).contains("up"));
      DaemonException refusal =
          assertThrows(
              DaemonException.class,
              () ->
                  lab.adapter()
                      .all()
                      .getFirst()
                      .snapshot("one", lab.standing(handle), Lab.deadline()));
      assertEquals(ErrorCode.NOT_SUPPORTED, refusal.code());
      lab.adapter().pause(handle, Lab.deadline());
      assertEquals(
          PlatformStatus.State.PAUSED, lab.adapter().status(handle, Lab.deadline()).state());
      Recovery.Running found =
          assertInstanceOf(
              Recovery.Running.class,
              lab.reopen().recover(handle, spec, new Lab.Events(), Lab.deadline()));
      assertTrue(found.paused());
      lab.adapter().resume(handle, Lab.deadline());
      lab.adapter().stop(handle, Signal.TERM, Duration.ofMinutes(2));
      assertEquals(new ExitReason.Graceful(), lab.end(handle));
      assertTrue(lab.log(handle).contains("bye"), () -> "no farewell");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"firecracker", "cloud-hypervisor"})
  void what_the_api_refuses_is_told_in_its_own_words_and_nothing_is_left(String which)
      throws Exception {
    try (Lab lab = new Lab(new Refused(monitor(which)))) {
      LaunchSpec spec = lab.shell("exit 0");
      DaemonException refusal = assertThrows(DaemonException.class, () -> lab.start(spec));
      assertTrue(refusal.getMessage().contains("400"), refusal.getMessage());
      assertEquals(java.util.List.of(), lab.leftovers(spec));
    }
  }
}
