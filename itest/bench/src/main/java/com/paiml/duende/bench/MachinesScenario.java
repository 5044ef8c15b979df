package com.paiml.duende.bench;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.What;
import com.paiml.duende.bench.drive.Embedded;
import com.paiml.duende.bench.drive.Latencies;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A daemon in a machine of its own, beside a bare machine of the same kernel in the same run: from the request to its program
 * running, and files into it; and what machines cost the container.
 */
final class MachinesScenario implements Scenario {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final String CACHE = "duende.pepita.cache";
  private static final String START = "machine started";
  private static final String SENT = "file sent into a machine";

  /** What goes over the channel at most; larger files come as an image. */
  private static final int FILE = 16 << 20;

  private static final Pattern SENDING = Pattern.compile("in (\\d+) us, over the channel");

  @Override
  public String name() {
    return "machines";
  }

  @Override
  public String description() {
    return "a daemon in a microVM: request to program running and files sent in, beside QEMU alone"
        + " with the same kernel and init; memory for each machine";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    Optional<Path> images = images(setting);
    Optional<Path> qemu = Programs.find("qemu-system-x86_64");
    if (images.isEmpty() || qemu.isEmpty()) {
      return List.of(
          Figure.none(
              name(),
              START,
              Figure.DUENDE,
              qemu.isEmpty() ? "QEMU is not installed" : "no image: run \"pepita image build\""));
    }
    System.setProperty(CACHE, images.get().toString());
    try (Embedded container = new Embedded(setting.home(), setting.newFolder())) {
      return measure(setting, container, images.get().resolve("default"), qemu.get());
    } finally {
      System.clearProperty(CACHE);
    }
  }

  /** Where an image has been built: as the command would find it, or by the adapter's own tests. */
  private static Optional<Path> images(Setting setting) {
    return Stream.of(
            System.getenv().getOrDefault("DUENDE_PEPITA_CACHE", ""),
            "/var/cache/duende/pepita",
            System.getProperty("user.home", "/") + "/.cache/duende/pepita",
            setting.home().resolve("../../../adapters/pepita/target/pepita").toString())
        .filter(p -> !p.isEmpty())
        .map(p -> Path.of(p).normalize())
        .filter(p -> Files.isReadable(p.resolve("default/initrd.cpio")))
        .findFirst();
  }

  private List<Figure> measure(Setting setting, Embedded container, Path image, Path qemu)
      throws Exception {
    DaemonManager manager = container.manager().orElseThrow();
    Await.until(
        "the adapter is there",
        PATIENCE,
        () -> manager.adapters().stream().anyMatch(a -> a.platform().equals("pepita")));
    DaemonConfig config = machine("bench-machine", Map.of()).build();
    deploy(manager, config);
    // The first tries whether a kernel boots on KVM.
    DaemonInfo _ = manager.start(config.name(), PATIENCE);
    DaemonInfo _ = manager.stop(config.name(), PATIENCE);
    boolean kvm =
        manager.adapters().stream()
            .filter(a -> a.platform().equals("pepita"))
            .anyMatch(a -> "KVM".equals(a.fingerprint().details().get("accelerator")));
    Latencies ours = new Latencies();
    Latencies bare = new Latencies();
    BareMachine alone = new BareMachine(qemu, image, kvm);
    // In turns: a busy machine is busy for both.
    for (int i = 0; i < setting.rounds(15); i++) {
      setting.tell("  round " + (i + 1));
      long begin = System.nanoTime();
      DaemonInfo _ = manager.start(config.name(), PATIENCE);
      ours.add(System.nanoTime() - begin);
      DaemonInfo _ = manager.stop(config.name(), PATIENCE);
      bare.add(alone.boot());
    }
    manager.remove(config.name(), true, PATIENCE);
    List<Figure> figures = new ArrayList<>();
    String how = kvm ? "KVM" : "emulated";
    figures.add(
        Figure.of(
            name(), START, Figure.DUENDE, ours.median().toNanos() / 1e6, "ms", how + ", median"));
    figures.add(
        Figure.of(
            name(),
            START,
            "qemu",
            bare.median().toNanos() / 1e6,
            "ms",
            how + ", median; the bare boot to the init's first word"));
    figures.add(
        Figure.of(
            name(),
            "ratio",
            Figure.DUENDE,
            (double) ours.median().toNanos() / bare.median().toNanos(),
            "",
            "the goal is 1.3 at most"));
    transfer(setting, manager, alone, figures);
    memory(setting, manager, figures);
    return figures;
  }

  /** A file into a machine, with its hash, beside the bytes of the same port into nothing. */
  private void transfer(
      Setting setting, DaemonManager manager, BareMachine bare, List<Figure> figures)
      throws Exception {
    byte[] content = new byte[FILE];
    new Random(FILE).nextBytes(content);
    Path file = Files.write(setting.newFolder().resolve("file"), content);
    DaemonConfig config =
        machine("bench-files", Map.of("files", List.of(file + ":/data/file"))).build();
    deploy(manager, config);
    Latencies ours = new Latencies();
    Latencies raw = new Latencies();
    for (int i = 0; i < setting.rounds(10); i++) {
      setting.tell("  file " + (i + 1));
      DaemonInfo _ = manager.start(config.name(), PATIENCE);
      ours.add(sendingTime(manager, config.name()));
      DaemonInfo _ = manager.stop(config.name(), PATIENCE);
      raw.add(bare.receive(setting.newFolder(), content));
    }
    manager.remove(config.name(), true, PATIENCE);
    String note = "16 MiB, median, arrived and checked there by its Poly1305";
    figures.add(Figure.of(name(), SENT, Figure.DUENDE, rate(ours), "MB/s", note));
    figures.add(
        Figure.of(
            name(), SENT, "the port alone", rate(raw), "MB/s", "16 MiB, median, into nothing"));
    figures.add(
        Figure.of(
            name(),
            SENT + ", ratio",
            Figure.DUENDE,
            rate(ours) / rate(raw),
            "",
            "the goal is 0.5 at least"));
  }

  private static double rate(Latencies times) {
    return FILE / 1e6 / (times.median().toNanos() / 1e9);
  }

  /** As the adapter has measured it, in nanoseconds. */
  private static long sendingTime(DaemonManager manager, String name) throws Exception {
    String said =
        manager.describe(name).platform().orElseThrow().details().getOrDefault("files", "");
    Matcher time = SENDING.matcher(said);
    if (!time.find()) {
      throw new IllegalStateException("no time of sending in \"" + said + "\"");
    }
    return Long.parseLong(time.group(1)) * 1000;
  }

  /** What this process takes more for each machine that runs: adapter, channel, and the manager's part of it. */
  private void memory(Setting setting, DaemonManager manager, List<Figure> figures)
      throws Exception {
    int count = setting.quick() ? 4 : 8;
    List<String> names = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      DaemonConfig config = machine("bench-many-" + i, Map.of("memory", 128L << 20)).build();
      deploy(manager, config);
      names.add(config.name());
    }
    // The first round loads what is loaded once.
    rounds(manager, names);
    OwnMemory before = OwnMemory.settled();
    for (String name : names) {
      setting.tell("  machine of " + count + ": " + name);
      DaemonInfo _ = manager.start(name, PATIENCE);
    }
    OwnMemory with = OwnMemory.settled();
    for (String name : names) {
      manager.remove(name, true, PATIENCE);
    }
    String note = count + " machines beside none, the goal is 2 MB at most";
    figures.add(
        Figure.of(
            name(),
            "resident memory of the container for a machine",
            Figure.DUENDE,
            (with.resident() - before.resident()) / 1e6 / count,
            "MB",
            note));
    figures.add(
        Figure.of(
            name(),
            "heap of the container for a machine",
            Figure.DUENDE,
            (with.heap() - before.heap()) / 1e6 / count,
            "MB",
            note));
  }

  private static void rounds(DaemonManager manager, List<String> names) throws Exception {
    for (String name : names) {
      DaemonInfo _ = manager.start(name, PATIENCE);
    }
    for (String name : names) {
      DaemonInfo _ = manager.stop(name, PATIENCE);
    }
  }

  private static DaemonConfig.Builder machine(String name, Map<String, Object> table) {
    return DaemonConfig.builder(name)
        .platform("pepita")
        .what(new What.Program("/bin/sleep"))
        .args(List.of("3600"))
        .restart(RestartPolicy.NEVER)
        .tables(Map.of("pepita", table));
  }

  private static void deploy(DaemonManager manager, DaemonConfig config) throws Exception {
    DaemonInfo _ = manager.deploy(config, new DeployOptions(false, true, "bench", true), PATIENCE);
  }
}
