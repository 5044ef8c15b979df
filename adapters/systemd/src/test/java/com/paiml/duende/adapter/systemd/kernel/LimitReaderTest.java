package com.paiml.duende.adapter.systemd.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.spi.LimitReport;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** systemd starts some programs without the sandbox that it was asked for: that has to be seen. */
@EnabledOnOs(OS.LINUX)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LimitReaderTest {
  private static final UnitGroup NOWHERE =
      new UnitGroup(new Hierarchies(Map.of(), Optional.empty(), Set.of(), false, List.of()), "");

  @Test
  void of_a_process_in_no_sandbox_nothing_that_was_asked_for_is_said_to_be_in_force()
      throws Exception {
    Sandbox asked =
        new Sandbox(
            true,
            Optional.of(List.of("CAP_MAC_ADMIN", "CAP_AUDIT_READ")),
            Optional.of(
                new Sandbox.Syscalls(
                    true, List.of(), List.of("mount"), Sandbox.SyscallAction.ERRNO)),
            Optional.of(new Sandbox.Paths(List.of("/usr"), List.of("/var"))),
            false,
            Optional.of(0135));
    Process free = new ProcessBuilder("sleep", "600").start();
    try {
      List<LimitReport> sandbox =
          LimitReader.of(NOWHERE, "self", free.pid(), Resources.DEFAULT, asked).stream()
              .filter(report -> report.key().startsWith("sandbox."))
              .toList();
      assertEquals(
          Set.of(
              "sandbox.no_new_privs",
              "sandbox.capabilities",
              "sandbox.syscalls",
              "sandbox.paths",
              "sandbox.network",
              "sandbox.umask"),
          sandbox.stream().map(LimitReport::key).collect(Collectors.toSet()));
      for (LimitReport report : sandbox) {
        assertFalse(report.inForce(), report::toString);
        assertFalse(report.why().isEmpty(), report::toString);
        assertTrue(report.mechanism().contains("/proc/" + free.pid() + "/"), report::toString);
      }
    } finally {
      assertTrue(free.destroyForcibly().waitFor() != 0);
    }
  }
}
