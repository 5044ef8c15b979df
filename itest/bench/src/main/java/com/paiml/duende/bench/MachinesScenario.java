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
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A daemon in a machine of its own: from the request to its program running, beside the bare boot of the same kernel. */
final class MachinesScenario implements Scenario {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final String CACHE = "duende.pepita.cache";
  private static final String START = "machine started";

  @Override
  public String name() {
    return "machines";
  }

  @Override
  public String description() {
    return "a daemon in a microVM: request to program running, beside QEMU alone with the same"
        + " kernel and init";
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
    DaemonConfig config =
        DaemonConfig.builder("bench-machine")
            .platform("pepita")
            .what(new What.Program("/bin/sleep"))
            .args(List.of("3600"))
            .restart(RestartPolicy.NEVER)
            .build();
    DaemonInfo _ = manager.deploy(config, new DeployOptions(false, true, "bench", true), PATIENCE);
    // The first tries whether a kernel boots on KVM.
    DaemonInfo _ = manager.start(config.name(), PATIENCE);
    DaemonInfo _ = manager.stop(config.name(), PATIENCE);
    boolean kvm =
        manager.adapters().stream()
            .filter(a -> a.platform().equals("pepita"))
            .anyMatch(a -> "KVM".equals(a.fingerprint().details().get("accelerator")));
    Latencies ours = new Latencies();
    Latencies bare = new Latencies();
    // In turns: a busy machine is busy for both.
    for (int i = 0; i < setting.rounds(15); i++) {
      setting.tell("  round " + (i + 1));
      long begin = System.nanoTime();
      DaemonInfo _ = manager.start(config.name(), PATIENCE);
      ours.add(System.nanoTime() - begin);
      DaemonInfo _ = manager.stop(config.name(), PATIENCE);
      bare.add(boot(qemu, image, kvm));
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
    return figures;
  }

  /** From the start of QEMU to the first word of the same init, which then powers off. */
  private static long boot(Path qemu, Path image, boolean kvm) throws IOException {
    long begin = System.nanoTime();
    Process process =
        new ProcessBuilder(
                qemu.toString(),
                "-M",
                "q35",
                "-accel",
                kvm ? "kvm" : "tcg",
                "-cpu",
                kvm ? "host" : "qemu64",
                "-smp",
                "1",
                "-m",
                "256",
                "-nodefaults",
                "-no-user-config",
                "-display",
                "none",
                "-no-reboot",
                "-serial",
                "stdio",
                "-kernel",
                image.resolve("vmlinux").toString(),
                "-initrd",
                image.resolve("initrd.cpio").toString(),
                "-append",
                "console=ttyS0 quiet panic=-1 reboot=t no_timer_check duende.trial=1")
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .start();
    try (BufferedReader out = process.inputReader()) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        if (line.contains("a kernel boots")) {
          return System.nanoTime() - begin;
        }
      }
      throw new IOException("QEMU alone does not boot the image");
    } finally {
      Process _ = process.destroyForcibly();
    }
  }
}
