package com.paiml.duende.adapter.pepita.monitor;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A version of QEMU, as far as its words differ.
 *
 * @param major of {@code 7.2}, the 7
 * @param minor of {@code 7.2}, the 2
 */
record QemuVersion(int major, int minor) {
  private static final Pattern SAID = Pattern.compile("version (\\d{1,4})\\.(\\d{1,4})");
  private static final Pattern EXACT = Pattern.compile("version ([^\\n]{1,200})");
  private static final int LONGEST = 4096;
  private static final long PATIENCE_SECONDS = 10;

  static Optional<QemuVersion> parse(String said) {
    Matcher found = SAID.matcher(said);
    return found.find()
        ? Optional.of(
            new QemuVersion(Integer.parseInt(found.group(1)), Integer.parseInt(found.group(2))))
        : Optional.empty();
  }

  /** As the program itself says. */
  static Optional<QemuVersion> of(Path program) {
    return said(program).flatMap(QemuVersion::parse);
  }

  /** All that tells one build from another, such as {@code 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)}. */
  static Optional<String> exact(Path program) {
    return said(program)
        .map(EXACT::matcher)
        .filter(Matcher::find)
        .map(found -> found.group(1).strip());
  }

  private static Optional<String> said(Path program) {
    try {
      Process process =
          new ProcessBuilder(program.toString(), "--version")
              .redirectInput(new File("/dev/null"))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      try {
        String said =
            new String(process.getInputStream().readNBytes(LONGEST), StandardCharsets.UTF_8);
        boolean _ = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
        return Optional.of(said);
      } finally {
        Process _ = process.destroyForcibly();
      }
    } catch (IOException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  boolean isAtLeast(int wantedMajor, int wantedMinor) {
    return major > wantedMajor || (major == wantedMajor && minor >= wantedMinor);
  }
}
