package com.paiml.duende.observe.monitor;

import com.paiml.duende.spi.UsageMonitor.Gpu;
import com.paiml.duende.spi.UsageSample;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;

/**
 * Graphics processors that tell their figures: amdgpu in {@code /sys/class/drm} (Documentation/gpu/amdgpu), NVIDIA's driver
 * through {@code nvidia-smi}. None of them was there when this was written: the reading of their files is tested with files.
 */
final class Gpus {
  private static final Path NVIDIA = Path.of("/proc/driver/nvidia/gpus");
  private static final int PATIENCE_SECONDS = 5;

  private Gpus() {}

  static List<Gpu> read(Path drm) {
    List<Gpu> all = new ArrayList<>(amd(drm));
    if (Files.isDirectory(NVIDIA)) {
      all.addAll(nvidia());
    }
    return List.copyOf(all);
  }

  private static List<Gpu> amd(Path drm) {
    List<Gpu> all = new ArrayList<>();
    try (DirectoryStream<Path> cards = Files.newDirectoryStream(drm, "card[0-9]")) {
      for (Path card : cards) {
        Path busy = card.resolve("device/gpu_busy_percent");
        if (Files.isReadable(busy)) {
          all.add(
              new Gpu(
                  String.valueOf(card.getFileName()),
                  OptionalDouble.of(Double.parseDouble(Files.readString(busy).strip())),
                  number(card.resolve("device/mem_info_vram_used"))));
        }
      }
    } catch (IOException | DirectoryIteratorException | NumberFormatException none) {
      return all;
    }
    return all;
  }

  private static long number(Path file) throws IOException {
    return Files.isReadable(file)
        ? Long.parseLong(Files.readString(file).strip())
        : UsageSample.UNKNOWN;
  }

  private static List<Gpu> nvidia() {
    try {
      Process smi =
          new ProcessBuilder(
                  "nvidia-smi",
                  "--query-gpu=name,utilization.gpu,memory.used",
                  "--format=csv,noheader,nounits")
              .redirectErrorStream(true)
              .start();
      if (!smi.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        Process _ = smi.destroyForcibly();
        return List.of();
      }
      String said = new String(smi.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return smi.exitValue() == 0 ? parse(said) : List.of();
    } catch (IOException notInstalled) {
      return List.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }

  /** {@code NAME, PERCENT, MEBIBYTES}; "[N/A]" where the driver does not tell. */
  static List<Gpu> parse(String csv) {
    List<Gpu> all = new ArrayList<>();
    for (String line : csv.lines().toList()) {
      String[] field = line.split(", *");
      if (field.length == 3) {
        all.add(
            new Gpu(
                field[0],
                field[1].matches("[0-9]+")
                    ? OptionalDouble.of(Double.parseDouble(field[1]))
                    : OptionalDouble.empty(),
                field[2].matches("[0-9]+") ? Long.parseLong(field[2]) << 20 : UsageSample.UNKNOWN));
      }
    }
    return all;
  }
}
