package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.lab.Command;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a daemon file may ask of an engine, done and seen from inside or outside. */
class OptionsTest {
  @TempDir Path folder;

  private static LaunchSpec shell(
      Bench bench, String name, String script, Map<String, Object> table) throws Exception {
    return bench.spec(
        name,
        new Payload.Image(bench.engine.image(), "/bin/sh"),
        List.of("-c", script),
        b -> b,
        table);
  }

  private static List<String> outcome(Bench bench, LaunchSpec spec) throws Exception {
    DaemonHandle handle = bench.start(spec, new RecordedEvents());
    ExitReason _ =
        bench
            .adapter
            .exit(handle)
            .toCompletableFuture()
            .get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    bench.awaitLine(handle, "done");
    return bench.log(handle);
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_profile_of_system_calls_then_it_is_in_force_and_a_file_that_is_none_is_told(
      String kind) throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      Path profile = folder.resolve("no-folders.json");
      Files.writeString(
          profile,
          """
          {"defaultAction":"SCMP_ACT_ALLOW",\
          "syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}\
          """);
      String script = "mkdir /tmp/made 2>&1 && echo made; echo done";
      assertTrue(
          outcome(bench, shell(bench, "free", script, Map.of())).contains("made"),
          "without the profile it can");
      List<String> held =
          outcome(bench, shell(bench, "held", script, Map.of("seccomp", profile.toString())));
      assertFalse(held.contains("made"), held::toString);
      DaemonException missing =
          assertThrows(
              DaemonException.class,
              () ->
                  bench.start(
                      shell(bench, "no-file", script, Map.of("seccomp", folder + "/nothing.json")),
                      new RecordedEvents()));
      assertTrue(missing.getMessage().contains("nothing.json"), missing::toString);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_mounts_and_a_file_system_to_read_only_then_the_program_finds_them_so(String kind)
      throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      Path given = Files.createDirectories(folder.resolve("given"));
      Path shared = Files.createDirectories(folder.resolve("shared"));
      Files.writeString(given.resolve("file"), "from outside\n");
      List<String> found =
          outcome(
              bench,
              shell(
                  bench,
                  "mounted",
                  """
                  cat /given/file
                  (echo changed > /given/file) 2>/dev/null || echo given is kept
                  (echo changed > /file) 2>/dev/null || echo root is kept
                  dd if=/dev/zero of=/small/file bs=4k count=1024 2>/dev/null || echo small is full
                  wc -c < /small/file
                  echo from inside > /shared/file
                  echo done
                  """,
                  Map.of(
                      "read_only",
                      true,
                      "mounts",
                      List.of(
                          "type=bind,src=" + given + ",dst=/given,ro",
                          "type=bind,src=" + shared + ",dst=/shared",
                          "type=tmpfs,dst=/small,size=1m"))));
      assertEquals(
          List.of(
              "from outside",
              "given is kept",
              "root is kept",
              "small is full",
              Integer.toString(1 << 20),
              "done"),
          found.stream().map(String::strip).toList());
      assertEquals("from outside\n", Files.readString(given.resolve("file")));
      assertEquals("from inside\n", Files.readString(shared.resolve("file")));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_user_and_a_sandbox_then_the_kernel_has_them_so(String kind) throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      List<String> user =
          outcome(
              bench,
              bench.shell("guest", "id -u; id -g; echo done", b -> b.user("guest").group("guest")));
      assertEquals(List.of("1000", "1000", "done"), user);
      Sandbox n = Sandbox.NONE;
      Sandbox narrow =
          new Sandbox(
              true,
              Optional.of(List.of("CHOWN", "KILL")),
              n.syscalls(),
              n.paths(),
              n.network(),
              n.umask());
      List<String> status =
          outcome(
              bench,
              bench.shell("narrow", "cat /proc/1/status; echo done", b -> b.sandbox(narrow)));
      assertTrue(status.contains("NoNewPrivs:\t1"), status::toString);
      // CAP_CHOWN is number 0 and CAP_KILL number 5, linux/capability.h.
      assertTrue(status.contains("CapBnd:\t0000000000000021"), status::toString);
      assertTrue(status.contains("CapEff:\t0000000000000021"), status::toString);
    }
  }

  @Tag("long")
  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman"})
  void given_a_volume_then_what_one_daemon_writes_there_the_next_one_reads(String kind)
      throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      Map<String, Object> table =
          Map.of("mounts", List.of("type=volume,src=duende-kept,dst=/kept"));
      List<String> _ =
          outcome(bench, shell(bench, "writes", "echo kept > /kept/file; echo done", table));
      assertEquals(
          List.of("kept", "done"),
          outcome(bench, shell(bench, "reads", "cat /kept/file; echo done", table)));
    }
  }

  @Tag("long")
  @Test
  void given_an_init_then_it_is_the_first_process() throws Exception {
    assumeTrue(Command.find("docker-init").isPresent(), "docker-init is not here");
    try (Bench bench = new Bench("docker", folder)) {
      List<String> first =
          outcome(
              bench,
              shell(
                  bench,
                  "second",
                  "head -c 17 /proc/1/cmdline; echo; echo done",
                  Map.of("init", true)));
      assertTrue(first.getFirst().contains("init"), first::toString);
    }
  }

  /** Nobody has named the engine: what it cannot do comes out when it is found. */
  @Test
  void given_containerd_by_itself_then_what_it_cannot_do_is_refused_by_name_and_nothing_is_made()
      throws Exception {
    try (Bench bench = new Bench("containerd", folder)) {
      Map<String, Map<String, Object>> wishes =
          Map.of(
              "volumes", Map.of("mounts", List.of("type=volume,src=some,dst=/some")),
              "ports", Map.of("ports", List.of("18080:80"), "network", ""),
              "init", Map.of("init", true),
              "network", Map.of("network", "office"));
      for (Map.Entry<String, Map<String, Object>> wish : wishes.entrySet()) {
        Map<String, Object> table = new HashMap<>(wish.getValue());
        table.put("engine", "auto");
        DaemonException refused =
            assertThrows(
                DaemonException.class,
                () ->
                    bench.start(
                        shell(bench, wish.getKey(), "exit 0", table), new RecordedEvents()));
        assertEquals(ErrorCode.NOT_SUPPORTED, refused.code(), refused::toString);
        assertTrue(
            refused.getMessage().contains("containerd")
                && refused.getMessage().contains("[container]"),
            refused::toString);
      }
      assertTrue(bench.ours().isEmpty(), "something was made");
    }
  }
}
