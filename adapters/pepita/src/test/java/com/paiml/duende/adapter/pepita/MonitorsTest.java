package com.paiml.duende.adapter.pepita;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.pepita.monitor.Monitor;
import com.paiml.duende.adapter.pepita.monitor.QemuMonitor;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** Of several that carry one channel the first that can is taken. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class MonitorsTest {
  private final Monitor serial = new QemuMonitor(Optional.of(Path.of("/bin/qemu")));
  private final Monitor kernels = carrying("vhost-vsock", Optional.empty());
  private final Monitor programs =
      carrying("vhost-device-vsock", Optional.of(Path.of("/bin/qemu")));

  private static Monitor carrying(String carrier, Optional<Path> program) {
    return new Emulating(QemuMonitor.withHostVsock()) {
      @Override
      public String carrier() {
        return carrier;
      }

      @Override
      public Optional<Path> program() {
        return program;
      }
    };
  }

  @Test
  void vsock_of_the_kernel_is_preferred_and_without_it_the_programs_is_taken() throws Exception {
    Monitor there = carrying("vhost-vsock", Optional.of(Path.of("/bin/qemu")));
    for (String word : List.of("auto", "qemu")) {
      assertSame(
          there, new Monitors(List.of(serial, there, programs)).choose("d", word, "vsock", false));
      assertSame(
          programs,
          new Monitors(List.of(serial, kernels, programs)).choose("d", word, "vsock", false));
      assertSame(
          serial, new Monitors(List.of(serial, there, programs)).choose("d", word, "auto", false));
    }
  }

  @Test
  void without_either_it_is_refused_with_what_would_help() {
    Monitors none =
        new Monitors(List.of(serial, kernels, carrying("vhost-device-vsock", Optional.empty())));
    for (String word : List.of("auto", "qemu")) {
      DaemonException e =
          assertThrows(DaemonException.class, () -> none.choose("d", word, "vsock", false));
      assertEquals(ErrorCode.NOT_FOUND, e.code());
      assertTrue(e.remedy().contains("vhost_vsock"), e.remedy());
      assertTrue(e.remedy().contains("vhost-device-vsock"), e.remedy());
    }
  }

  @Test
  void a_running_machine_keeps_the_one_it_was_started_by() {
    Monitors all = new Monitors(List.of(serial, kernels, programs));
    assertSame(kernels, all.findRunning("qemu", "vhost-vsock").orElseThrow());
    assertSame(serial, all.findRunning("qemu", "serial").orElseThrow());
    assertEquals(Optional.empty(), all.findRunning("qemu", "pigeons"));
  }
}
