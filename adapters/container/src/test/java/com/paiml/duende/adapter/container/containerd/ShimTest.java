package com.paiml.duende.adapter.container.containerd;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Given the commands of all processes of a machine, then only a shim of that container of that containerd is taken for it. */
class ShimTest {
  private static final String OURS =
      "/usr/bin/containerd-shim-runc-v2 -namespace duende -id duende-1-web -address /run/c.sock";
  private final Shim shim =
      new Shim(Optional.empty(), "duende", Path.of("/run/c.sock"), "duende-1-web");

  private boolean isIt(String command) {
    return shim.isItsCommand(String.join("\0", List.of(command.split(" ", -1))) + "\0");
  }

  @Test
  void it_is_taken_for_it_also_while_it_starts() {
    assertTrue(isIt(OURS));
    assertTrue(isIt(OURS + " start"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/usr/bin/containerd-shim-runc-v2 -namespace duende -id duende-1-web2 -address /run/c.sock",
        "/usr/bin/containerd-shim-runc-v2 -namespace moby -id duende-1-web -address /run/c.sock",
        "/usr/bin/containerd-shim-runc-v2 -namespace duende -id duende-1-web -address /run/d.sock",
        "/usr/bin/containerd-shim-runc-v2 -namespace duende -address /run/c.sock -id",
        "/bin/echo -namespace duende -id duende-1-web -address /run/c.sock",
        ""
      })
  void others_are_not(String command) {
    assertFalse(isIt(command));
  }
}
