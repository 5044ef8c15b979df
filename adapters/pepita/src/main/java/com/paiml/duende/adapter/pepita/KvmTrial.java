package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.adapter.pepita.monitor.Jail;
import com.paiml.duende.adapter.pepita.monitor.Monitor;
import com.paiml.duende.adapter.pepita.monitor.VmPlan;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Boots a machine on KVM whose init says a word and powers off: that it does so is the proof that a kernel boots. */
final class KvmTrial implements Kvm.Trial {
  /** With KVM a boot takes a quarter of a second; a machine that is much slower is of no use. */
  private static final Duration PATIENCE = Duration.ofSeconds(45);

  private static final String PROOF = "duende-init:";
  private static final int QUOTED = 200;
  private static final long MEMORY = 256L << 20;

  private final Monitors monitors;

  KvmTrial(Monitors monitors) {
    this.monitors = monitors;
  }

  static String bootId() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    } catch (IOException e) {
      return "unknown";
    }
  }

  @Override
  public Kvm.Verdict boot(Image image) {
    Optional<Monitor> qemu = monitors.find("qemu");
    if (qemu.isEmpty() || qemu.get().program().isEmpty()) {
      return new Kvm.Verdict(false, "there is no QEMU to try it with");
    }
    try {
      Path folder = Files.createTempDirectory("duende-kvm-");
      try {
        return tryIt(qemu.get(), image, folder);
      } finally {
        try (Stream<Path> files = Files.walk(folder)) {
          for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
            boolean _ = Files.deleteIfExists(file);
          }
        }
      }
    } catch (IOException e) {
      return new Kvm.Verdict(false, "it could not be tried: " + e.getMessage());
    }
  }

  private static Kvm.Verdict tryIt(Monitor qemu, Image image, Path folder) throws IOException {
    VmPlan plan =
        new VmPlan(
            "duende-kvm-trial",
            folder,
            "q35",
            image.kernel(),
            image.initrd(),
            List.of(),
            MEMORY,
            1,
            List.of(),
            false,
            List.of(),
            0,
            true,
            Jail.NONE);
    List<String> words = new ArrayList<>();
    words.add(qemu.program().map(Path::toString).orElse(""));
    words.addAll(withoutChannel(qemu.arguments(plan), folder.resolve("serial")));
    Path said = folder.resolve("said");
    Process process =
        new ProcessBuilder(words)
            .redirectErrorStream(true)
            .redirectInput(new File("/dev/null"))
            .redirectOutput(said.toFile())
            .start();
    try {
      boolean ended = process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
      String serial = read(folder.resolve("serial"));
      if (ended && process.exitValue() == 0 && serial.contains(PROOF)) {
        return new Kvm.Verdict(true, "");
      }
      String words1 = read(said).strip();
      return new Kvm.Verdict(
          false,
          "/dev/kvm is there, and no kernel boots on it: "
              + (words1.isEmpty()
                      ? "it hung for " + PATIENCE.toSeconds() + " s"
                      : words1.lines().findFirst().orElse("").strip())
                  .transform(t -> t.length() > QUOTED ? t.substring(0, QUOTED) : t));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Kvm.Verdict(false, "the trial was interrupted");
    } finally {
      Process _ = process.destroyForcibly();
    }
  }

  /** The port of the channel is taken away, and the console goes to a file. */
  private static List<String> withoutChannel(List<String> words, Path serial) {
    List<String> kept = new ArrayList<>();
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      boolean pair = word.equals("-chardev") || word.equals("-mon") || word.equals("-serial");
      boolean port = word.equals("-device") && words.get(i + 1).startsWith("virtserialport");
      if (word.equals("-append")) {
        kept.addAll(List.of(word, words.get(++i) + " duende.trial=1"));
      } else if (pair || port) {
        i++;
      } else {
        kept.add(word);
      }
    }
    kept.addAll(List.of("-serial", "file:" + serial.toString().replace(",", ",,")));
    return kept;
  }

  private static String read(Path file) throws IOException {
    return Files.exists(file) ? Files.readString(file, StandardCharsets.ISO_8859_1) : "";
  }
}
