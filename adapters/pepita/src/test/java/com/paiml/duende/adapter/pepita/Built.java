package com.paiml.duende.adapter.pepita;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.adapter.pepita.image.ImageBuilder;
import com.paiml.duende.adapter.pepita.image.Images;
import com.paiml.duende.adapter.pepita.monitor.Programs;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The image that tests boot: made once by the product's own builder and kept in target/, or the tests are skipped. */
final class Built {
  private static final Path CACHE =
      Path.of(System.getProperty("pepita.built", "target/pepita")).toAbsolutePath();
  private static @Nullable String missing;

  private Built() {}

  static Images images() {
    return new Images(CACHE);
  }

  /** Skips the test where there is nothing to run or to make machines of. */
  static synchronized Image image() {
    assumeTrue(
        Programs.find("qemu-system-x86_64").isPresent(),
        "there is no QEMU here (apt install qemu-system-x86)");
    assumeTrue(missing == null, () -> "no image could be made: " + missing);
    try {
      return new ImageBuilder(images(), line -> System.out.println("pepita image: " + line))
          .build(Images.DEFAULT, "", false, false, Deadline.after(Duration.ofMinutes(10)));
    } catch (DaemonException e) {
      missing = e.getMessage();
      assumeTrue(false, "no image could be made: " + e.getMessage());
      throw new IllegalStateException(e);
    }
  }
}
