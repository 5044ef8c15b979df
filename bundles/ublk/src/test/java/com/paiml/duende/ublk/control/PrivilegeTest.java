package com.paiml.duende.ublk.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.lab.Command;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class PrivilegeTest {
  private static final String FIRST = "user:[4026531837]";
  private static final List<String> ROOT = List.of("Name:\tjava", "CapEff:\t000001ffffffffff");
  private static final List<String> USER = List.of("Name:\tjava", "CapEff:\t0000000000000000");
  private static final List<String> NEARLY = List.of("CapEff:\t000001ffffdfffff");

  @Test
  void privileged_is_who_has_the_capability_in_the_initial_user_namespace() {
    assertTrue(Privilege.of(ROOT, FIRST));
    assertFalse(Privilege.of(USER, FIRST));
    assertFalse(Privilege.of(NEARLY, FIRST));
    assertFalse(Privilege.of(ROOT, "user:[4026532281]"));
  }

  @Test
  void the_initial_namespace_is_the_kernels() throws Exception {
    assumeTrue(Files.exists(Path.of("/proc/self/ns/user")), "no /proc");
    // Whoever may make a namespace is in another afterwards: then the link has another number.
    assumeTrue(Command.find("unshare").isPresent(), "no unshare");
    Command.Result apart =
        Command.run(
            Duration.ofMinutes(1), List.of("unshare", "--user", "readlink", "/proc/self/ns/user"));
    assumeTrue(apart.ok(), "no user namespaces: " + apart.output());
    assertFalse(Privilege.of(ROOT, apart.output().strip()));
    assertEquals(apart.output().strip().substring(0, 6), FIRST.substring(0, 6));
  }
}
