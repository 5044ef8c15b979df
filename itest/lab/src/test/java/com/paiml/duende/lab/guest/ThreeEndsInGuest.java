package com.paiml.duende.lab.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Not run on the host: the guest's test runs it inside. */
class ThreeEndsInGuest {
  @Test
  void every_controller_is_there() throws Exception {
    List<String> controllers =
        List.of(Files.readString(Path.of("/sys/fs/cgroup/cgroup.controllers")).trim().split(" "));
    assertTrue(controllers.containsAll(List.of("cpu", "io", "memory", "pids")));
  }

  @Test
  void something_is_wrong() {
    assertEquals("one\ttwo\n", "three");
  }

  @Test
  void something_cannot_be_had() {
    assumeTrue(false, "no such thing here");
  }
}
