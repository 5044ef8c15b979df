package com.paiml.duende.adapter.pepita.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.adapter.pepita.monitor.Programs;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An image is made twice, at two places and at two times: of the same packages the same bytes. */
@Tag("long")
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ReproducibleTest {
  @TempDir Path folder;

  private Map<String, String> build(String place) throws Exception {
    Images images = new Images(folder.resolve(place));
    Image image = build(images);
    Map<String, String> digests = new TreeMap<>();
    try (Stream<Path> files = Files.list(image.folder())) {
      for (Path file : files.toList()) {
        digests.put(file.getFileName().toString(), Digests.hex(file));
      }
    }
    return digests;
  }

  private static Image build(Images images) throws Exception {
    try {
      return new ImageBuilder(images, System.out::println)
          .build("twice", "", true, true, Deadline.after(Duration.ofMinutes(10)));
    } catch (DaemonException e) {
      assumeTrue(
          !e.code().equals(ErrorCode.IO) && !e.code().equals(ErrorCode.NOT_FOUND),
          "no image can be made here: " + e.getMessage());
      throw e;
    }
  }

  @Test
  void the_same_packages_make_the_same_kernel_initial_and_root_file_system() throws Exception {
    assumeTrue(Programs.find("mke2fs").isPresent(), "there is no mke2fs (apt install e2fsprogs)");
    Map<String, String> first = build("one");
    assertTrue(
        first.keySet().containsAll(java.util.List.of("vmlinux", "initrd.cpio", "java.ext4")),
        first::toString);
    // The same packages, whatever has been published meanwhile.
    Path packages = Files.createDirectories(folder.resolve("two/packages"));
    try (Stream<Path> fetched = Files.list(folder.resolve("one/packages"))) {
      for (Path one : fetched.toList()) {
        Files.copy(one, packages.resolve(one.getFileName()));
      }
    }
    assertEquals(first, build("two"));
  }
}
