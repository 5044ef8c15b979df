package com.paiml.duende.falsification;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a program may do, attacked by programs that do more, each beside one that is not confined. */
@Falsification
class SandboxClaims {
  private static final Path PERL = Path.of("/usr/bin/perl");

  @TempDir Path folder;
  private Scene scene;

  @BeforeEach
  void open() throws Exception {
    scene = new Scene(folder);
  }

  @AfterEach
  void close() throws Exception {
    if (scene != null) {
      scene.close();
    }
  }

  private void need(Attempt attempt, Capability capability) {
    Fingerprint here =
        scene.manager().adapters().stream()
            .filter(a -> a.platform().equals("native"))
            .findFirst()
            .orElseThrow()
            .fingerprint();
    if (!here.can(Payload.Kind.PROGRAM, capability)) {
      throw attempt.notRunHere(
          capability + ": " + here.missing().getOrDefault(capability, "not on this platform"));
    }
  }

  private static Sandbox sandbox(
      Optional<List<String>> capabilities,
      Optional<Sandbox.Syscalls> syscalls,
      Optional<Sandbox.Paths> paths,
      boolean network) {
    return new Sandbox(true, capabilities, syscalls, paths, network, Optional.empty());
  }

  private static Sandbox filter(String denied) {
    return sandbox(
        Optional.empty(),
        Optional.of(
            new Sandbox.Syscalls(
                true, List.of(), List.of(denied, denied + "at"), Sandbox.SyscallAction.KILL)),
        Optional.empty(),
        true);
  }

  /** What it prints last before it is done, confined or not. */
  private String said(String name, DaemonConfig.Builder config) throws Exception {
    scene.deploy(config.restart(RestartPolicy.NEVER));
    scene.awaitLine(name, "end");
    return String.join("; ", scene.log(name).stream().filter(l -> !l.equals("end")).toList());
  }

  private static String kernel(long pid, String field) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
        .filter(l -> l.startsWith(field + ":"))
        .map(l -> l.substring(field.length() + 1).strip())
        .findFirst()
        .orElse("");
  }

  @Test
  void f071_a_system_call_that_is_not_allowed_ends_it(Attempt attempt) throws Exception {
    need(attempt, Capability.SYSCALL_FILTER);
    Path wanted = folder.resolve("wanted");
    scene.deploy(
        scene
            .script("maker", "exec mkdir \"$1\"", wanted.toString())
            .sandbox(filter("mkdir"))
            .restart(RestartPolicy.NEVER));
    scene.awaitState("maker", DaemonStatus.State.FAILED);
    ExitReason reason = scene.info("maker").lastExit().orElseThrow();
    attempt.behaviour(
        reason instanceof ExitReason.PolicyViolation && !Files.exists(wanted),
        "mkdir denied: " + reason.describe() + ", the folder exists: " + Files.exists(wanted));
  }

  @Test
  void f072_what_is_allowed_works_under_the_filter(Attempt attempt) throws Exception {
    need(attempt, Capability.SYSCALL_FILTER);
    Path wanted = folder.resolve("wanted");
    scene.deploy(
        scene
            .script("maker", "mkdir \"$1\" && echo made; exec sleep 3600", wanted.toString())
            .sandbox(filter("symlink")));
    scene.awaitLine("maker", "made");
    long pid = scene.pid("maker");
    String mode = kernel(pid, "Seccomp");
    attempt.behaviour(
        Files.isDirectory(wanted)
            && mode.equals("2")
            && scene.info("maker").status().state() == DaemonStatus.State.RUNNING,
        "symlink denied, mkdir works, /proc/PID/status: Seccomp " + mode);
  }

  @Test
  void f073_paths_outside_the_list_are_closed(Attempt attempt) throws Exception {
    need(attempt, Capability.PATHS);
    Path inside = Files.createDirectory(folder.resolve("inside"));
    Path outside = Files.createDirectory(folder.resolve("outside"));
    Files.writeString(inside.resolve("file"), "open\n");
    Files.writeString(outside.resolve("file"), "secret\n");
    String script =
        "cat \"$1/file\" 2>&1; cat \"$2/file\" 2>&1; echo x 2>&1 > \"$1/new\"; echo end;"
            + " exec sleep 3600";
    Sandbox paths =
        sandbox(
            Optional.empty(),
            Optional.empty(),
            Optional.of(
                new Sandbox.Paths(List.of("/usr", "/bin", "/lib", inside.toString()), List.of())),
            true);
    String free = said("free", scene.script("free", script, inside.toString(), outside.toString()));
    Files.deleteIfExists(inside.resolve("new"));
    String confined =
        said(
            "confined",
            scene.script("confined", script, inside.toString(), outside.toString()).sandbox(paths));
    attempt.behaviour(
        free.contains("secret")
            && confined.contains("open")
            && !confined.contains("secret")
            && confined.contains("Permission denied")
            && !Files.exists(inside.resolve("new")),
        "unconfined: " + free + "; confined: " + confined);
  }

  @Test
  void f074_without_network_there_is_no_network(Attempt attempt) throws Exception {
    need(attempt, Capability.NETWORK_OFF);
    if (!Files.isExecutable(PERL)) {
      throw attempt.notRunHere("the attacking program needs " + PERL);
    }
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      String script =
          "/usr/bin/perl -e 'use IO::Socket::INET; my $s = IO::Socket::INET->new(PeerAddr =>"
              + " \"127.0.0.1\", PeerPort => $ARGV[0]); print $s ? \"connected\\n\" : \"refused:"
              + " $!\\n\"' \"$1\"; tail -n +3 /proc/net/dev | wc -l; echo end; exec sleep 3600";
      String port = Integer.toString(server.getLocalPort());
      String free = said("free", scene.script("free", script, port));
      String confined =
          said(
              "confined",
              scene
                  .script("confined", script, port)
                  .sandbox(sandbox(Optional.empty(), Optional.empty(), Optional.empty(), false)));
      Path own = Path.of("/proc/self/ns/net");
      Path theirs = Path.of("/proc/" + scene.pid("confined") + "/ns/net");
      boolean apart = !Files.readSymbolicLink(own).equals(Files.readSymbolicLink(theirs));
      attempt.behaviour(
          free.startsWith("connected") && confined.startsWith("refused:") && apart,
          "with network: "
              + free
              + " interfaces; without: "
              + confined
              + " interfaces, another namespace: "
              + apart);
    }
  }

  @Test
  void f075_dropped_capabilities_are_gone(Attempt attempt) throws Exception {
    need(attempt, Capability.CAPABILITIES);
    if (!Files.isExecutable(PERL)) {
      throw attempt.notRunHere("the attacking program needs " + PERL);
    }
    String script =
        "/usr/bin/perl -MSocket -e 'print socket(my $s, PF_INET, SOCK_RAW, 1) ? \"raw socket\\n\""
            + " : \"refused: $!\\n\"'; echo end; exec sleep 3600";
    String free = said("free", scene.script("free", script));
    String confined =
        said(
            "confined",
            scene
                .script("confined", script)
                .sandbox(
                    sandbox(
                        Optional.of(List.of("CAP_NET_BIND_SERVICE")),
                        Optional.empty(),
                        Optional.empty(),
                        true)));
    long pid = scene.pid("confined");
    String bounding = kernel(pid, "CapBnd");
    String effective = kernel(pid, "CapEff");
    // CAP_NET_BIND_SERVICE is bit 10.
    long bindService = 1L << 10;
    attempt.behaviour(
        confined.equals("refused: Operation not permitted")
            && Long.parseLong(bounding, 16) == bindService
            && (Long.parseLong(effective, 16) & ~bindService) == 0,
        "unconfined: "
            + free
            + "; confined: "
            + confined
            + ", CapBnd "
            + bounding
            + ", CapEff "
            + effective);
    Await.until("it still runs", Scene.PATIENCE, () -> scene.pid("confined") == pid);
  }
}
