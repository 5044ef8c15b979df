package com.paiml.duende.falsification;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.What;
import com.paiml.duende.bench.drive.Latencies;
import com.paiml.duende.control.AdapterInfo;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.testkit.Await;
import java.io.File;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Machines of their own, through the manager. */
@Falsification
class PepitaClaims {
  private static final String CACHE = "duende.pepita.cache";
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final int PANICS = 2;
  private static final long LARGEST = 256L << 20;

  @TempDir Path folder;
  private Scene scene;
  private DaemonManager manager;

  /** The image that the adapter's own tests have made, or one made now. */
  @BeforeAll
  static void image() {
    System.setProperty(
        CACHE,
        Scene.distribution()
            .resolve("../../../adapters/pepita/target/pepita")
            .normalize()
            .toString());
  }

  @AfterAll
  static void noImage() {
    System.clearProperty(CACHE);
  }

  @BeforeEach
  void open() throws Exception {
    scene = new Scene(folder);
    manager = scene.manager();
    buildImage();
    AdapterInfo pepita =
        Await.value(
                Duration.ofMinutes(1),
                () ->
                    manager.adapters().stream()
                        .filter(a -> a.platform().equals("pepita"))
                        .findFirst())
            .orElseThrow();
    assumeTrue(
        pepita.fingerprint().present(),
        () -> "no machines here: " + pepita.fingerprint().problem());
  }

  /** {@code pepita image build}, by the command itself. */
  private static void buildImage() throws Exception {
    if (Files.exists(Path.of(System.getProperty(CACHE), "default", "image.properties"))) {
      return;
    }
    Path home = Scene.distribution();
    Path data = Files.createTempDirectory("duende-pepita-image-");
    try {
      run(home, data, "duende", "up");
      run(home, data, "pepita", "image", "build");
    } finally {
      run(home, data, "duende", "down");
      try (var files = Files.walk(data)) {
        for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  private static void run(Path home, Path data, String program, String... words) throws Exception {
    List<String> line =
        new java.util.ArrayList<>(List.of(home.resolve("bin/" + program).toString()));
    line.addAll(List.of(words));
    ProcessBuilder builder =
        new ProcessBuilder(line).redirectInput(new File("/dev/null")).inheritIO();
    builder.environment().put("DUENDE_DATA", data.resolve("data").toString());
    builder.environment().put("DUENDE_ETC", data.resolve("etc").toString());
    builder.environment().put("DUENDE_PEPITA_CACHE", System.getProperty(CACHE));
    Process process = builder.start();
    assumeTrue(
        process.waitFor(10, TimeUnit.MINUTES) && process.exitValue() == 0,
        String.join(" ", line) + " failed: packages cannot be fetched here?");
  }

  @AfterEach
  void close() throws Exception {
    if (scene != null) {
      for (DaemonInfo daemon : manager.list()) {
        manager.remove(daemon.name(), true, PATIENCE);
      }
      scene.close();
    }
  }

  private DaemonConfig.Builder machine(String name, String script, Map<String, Object> table) {
    return DaemonConfig.builder(name)
        .platform("pepita")
        .what(new What.Program("/bin/sh"))
        .args(List.of("-c", script))
        .env(List.of("PATH=/bin"))
        .restart(RestartPolicy.NEVER)
        .tables(Map.of("pepita", table));
  }

  private boolean accelerated() {
    return manager.adapters().stream()
        .filter(a -> a.platform().equals("pepita"))
        .anyMatch(a -> "KVM".equals(a.fingerprint().details().get("accelerator")));
  }

  /**
   * What a machine has said.
   *
   * @param start how long it took until it ran
   * @param lines of its log
   */
  private record Said(Duration start, List<String> lines) {}

  /**
   * Runs a machine to its end. A guest's kernel on several emulated processors panics now and then, while it boots or soon
   * after: that is told, and it boots again.
   */
  private Said runToEnd(DaemonConfig.Builder builder) throws Exception {
    DaemonConfig config = builder.build();
    String name = config.name();
    for (int more = PANICS; ; more--) {
      long begin = System.nanoTime();
      String end;
      try {
        DaemonInfo _ = manager.deploy(config, DeployOptions.DEFAULT, PATIENCE);
        Duration start = Duration.ofNanos(System.nanoTime() - begin);
        Await.until(name + " has ended", PATIENCE, () -> !scene.info(name).status().isActive());
        ExitReason reason = scene.info(name).lastExit().orElseThrow();
        if (reason.isSuccess()) {
          return new Said(start, scene.log(name));
        }
        end = reason.describe();
      } catch (DaemonException e) {
        end = String.valueOf(e.getMessage());
      }
      if (more == 0 || !end.contains("Kernel panic")) {
        throw new AssertionError(name + ": " + end);
      }
      System.out.println("booted once more: " + name + ": " + end);
      if (manager.find(name).isPresent()) {
        manager.remove(name, true, PATIENCE);
      }
    }
  }

  @Test
  void f004_a_machine_is_ready_within_200_ms_of_the_command(Attempt attempt) throws Exception {
    manager.deploy(
        machine("quick", "exec sleep 3600", Map.of()).build(),
        new DeployOptions(false, true, "falsification", false),
        PATIENCE);
    // The first shows whether KVM works, once for a boot of the host.
    manager.start("quick", PATIENCE);
    manager.stop("quick", PATIENCE);
    boolean kvm = accelerated();
    Latencies starts = new Latencies();
    for (int i = 0; i < (kvm ? 100 : 5); i++) {
      long begin = System.nanoTime();
      DaemonInfo info = manager.start("quick", PATIENCE);
      starts.add(System.nanoTime() - begin);
      if (info.status().state() != DaemonStatus.State.RUNNING) {
        throw new AssertionError("start returned, and it is " + info.status());
      }
      manager.stop("quick", PATIENCE);
    }
    if (!kvm) {
      throw attempt.notRunHere(
          "needs KVM, on which no kernel boots here; emulated, and not comparable: " + starts);
    }
    attempt.time(starts.p99().toMillis() < 200, starts.toString());
  }

  @Test
  void f088_a_machine_has_the_processors_and_memory_asked_for(Attempt attempt) throws Exception {
    StringBuilder figure = new StringBuilder();
    boolean holds = true;
    long[][] asked = {{1, 256}, {2, 384}, {3, 512}};
    for (long[] size : asked) {
      String name = "sized-" + size[0];
      List<String> seen =
          runToEnd(
                  machine(
                      name,
                      "nproc; awk '/MemTotal/{print $2}' /proc/meminfo",
                      Map.of("vcpus", size[0], "memory", size[1] << 20)))
              .lines();
      if (seen.size() != 2) {
        throw new AssertionError(name + " ended well, and said " + seen);
      }
      long kibibytes = Long.parseLong(seen.get(1));
      long missing = (size[1] << 10) - kibibytes;
      // What the kernel keeps for itself before it counts: its text, its tables, a crash reserve of
      // firmware.
      holds &= seen.getFirst().equals(Long.toString(size[0])) && missing >= 0 && missing < 64 << 10;
      figure
          .append(size[0])
          .append(" processors and ")
          .append(size[1])
          .append(" MiB asked: ")
          .append(seen.getFirst())
          .append(" and ")
          .append(kibibytes >> 10)
          .append(" MiB seen; ");
    }
    attempt.behaviour(holds, figure + "the kernel keeps less than 64 MiB for itself");
  }

  @Test
  void f089_a_message_goes_over_vsock_there_and_back_whole(Attempt attempt) throws Exception {
    boolean device =
        manager.adapters().stream()
            .filter(a -> a.platform().equals("pepita"))
            .flatMap(a -> a.fingerprint().details().keySet().stream())
            .anyMatch(key -> key.startsWith("monitor qemu (vhost"));
    if (!device) {
      throw attempt.notRunHere(
          "needs /dev/vhost-vsock, or vhost-device-vsock, beside QEMU; the same channel over"
              + " virtio-serial is attacked by F090");
    }
    int size = 4 << 20;
    Path file = folder.resolve("message");
    String expected = random(file, size);
    // In over the channel, as a file; back over it, as output.
    Said said =
        runToEnd(
            machine(
                "echo",
                "base64 /data/message",
                Map.of("channel", "vsock", "files", List.of(file + ":/data/message"))));
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    byte[] back = Base64.getMimeDecoder().decode(String.join("\n", said.lines()));
    String seen = HexFormat.of().formatHex(digest.digest(back));
    attempt.behaviour(
        seen.equals(expected),
        size
            + " random bytes sent and "
            + back.length
            + " received, SHA-256 "
            + (seen.equals(expected) ? "equal" : "not equal"));
  }

  @Test
  void f090_files_from_1_byte_to_256_mib_reach_a_machine_whole(Attempt attempt) throws Exception {
    long[] sizes = {1, 4095, 65_536, 1 << 20, 16L << 20, LARGEST};
    StringBuilder figure = new StringBuilder();
    int whole = 0;
    for (long size : sizes) {
      Path file = folder.resolve("sent-" + size);
      String expected = random(file, size);
      String name = "file-" + size;
      Said said =
          runToEnd(
              machine(
                  name,
                  "sha256sum /data/sent; wc -c < /data/sent",
                  Map.of("files", List.of(file + ":/data/sent"))));
      List<String> seen = said.lines();
      boolean same =
          seen.size() == 2
              && seen.getFirst().startsWith(expected)
              && seen.get(1).equals(Long.toString(size));
      whole += same ? 1 : 0;
      figure
          .append(size)
          .append(" bytes ")
          .append(same ? "equal" : "NOT equal: " + seen)
          .append(", start in ")
          .append(said.start().toMillis())
          .append(" ms; ");
      Files.delete(file);
    }
    attempt.behaviour(whole == sizes.length, figure.toString());
  }

  private static String random(Path file, long size) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    Random random = new Random(size);
    byte[] piece = new byte[1 << 16];
    try (OutputStream out = Files.newOutputStream(file)) {
      for (long left = size; left > 0; left -= piece.length) {
        random.nextBytes(piece);
        int n = (int) Math.min(left, piece.length);
        digest.update(piece, 0, n);
        out.write(piece, 0, n);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
