package com.paiml.duende.adapter.pepita.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** QEMU spells the same wish otherwise in each few versions; which one a machine has, it says itself. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class QemuJailTest {
  private static final Jail JAIL =
      new Jail(OptionalInt.of(7), Optional.of(Path.of("/vm/root")), false);

  private static List<String> words(String said) {
    return QemuMonitor.jail(JAIL, QemuVersion.parse(said).orElseThrow());
  }

  @Test
  void each_version_is_told_in_its_own_words() {
    assertEquals(
        List.of("-runas", "7:7", "-chroot", "/vm/root"),
        words("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)"));
    assertEquals(
        List.of("-runas", "7:7", "-run-with", "chroot=/vm/root"),
        words("QEMU emulator version 8.2.2 (Debian 1:8.2.2+ds-0ubuntu1)"));
    assertEquals(
        List.of("-run-with", "user=7:7", "-run-with", "chroot=/vm/root"),
        words("QEMU emulator version 10.0.2"));
  }

  @Test
  void without_a_jail_nothing_is_said_and_of_noise_no_version_is_taken() {
    assertEquals(List.of(), QemuMonitor.jail(Jail.NONE, new QemuVersion(7, 2)));
    assertEquals(Optional.empty(), QemuVersion.parse("no such thing"));
    assertEquals(Optional.empty(), QemuVersion.of(Path.of("/nonexistent/qemu")));
  }
}
