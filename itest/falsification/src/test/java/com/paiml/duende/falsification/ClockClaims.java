package com.paiml.duende.falsification;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.guest.Guest;
import com.paiml.duende.lab.guest.GuestSetup;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The clock is set under a container: always the one that its JVM reads through libfaketime, and in a long run also that of a
 * guest, for this machine's belongs to others too.
 */
@Falsification
class ClockClaims {
  // It takes some minutes; on a busy machine several times that.
  private static final Duration PATIENCE = Duration.ofMinutes(20);

  private static final int WAIT = 8;
  private static final int WATCHDOG = 4;

  // Of platforms that the guest has not: each would be started, where every instruction is
  // emulated.
  private static final Pattern LEFT_OUT =
      Pattern.compile(
          ".*(duende\\.(container|launchd|mlock|pepita|systemd|testkit|ublk|wos)|lz4-java|zstd-jni).*");

  private final List<String> faults = new ArrayList<>();
  private final List<String> figures = new ArrayList<>();
  private final List<String> leftOut = new ArrayList<>();

  @TempDir Path folder;

  @Test
  void f101_a_clock_that_is_set_hangs_nothing(Attempt attempt) throws Exception {
    ofTheJvm();
    if (faults.isEmpty() && System.getProperty("duende.falsify.excluded", "long").equals("long")) {
      leftOut.add("the clock of a whole machine is set in a guest, with --long");
    } else if (faults.isEmpty()) {
      ofAGuest();
    }
    if (faults.isEmpty() && figures.isEmpty()) {
      throw attempt.notRunHere(String.join("; ", leftOut));
    }
    attempt.behaviour(
        faults.isEmpty(),
        Stream.of(faults, figures, leftOut)
            .flatMap(List::stream)
            .reduce((a, b) -> a + "; " + b)
            .orElseThrow());
  }

  // The clock of the container's JVM

  private void ofTheJvm() throws Exception {
    Optional<Path> library = library();
    if (library.isEmpty()) {
      leftOut.add("libfaketime is missing (Debian: apt-get install faketime)");
      return;
    }
    Installed duende = new Installed(Scene.distribution(), folder);
    duende.bundle(Path.of(System.getProperty("duende.probe")));
    Path file = Files.writeString(folder.resolve("clock"), "+0\n");
    duende.set("LD_PRELOAD", library.get().toString());
    duende.set("FAKETIME_TIMESTAMP_FILE", file.toString());
    duende.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    duende.set("FAKETIME_CACHE_DURATION", "1");
    ClockAttack attack = new ClockAttack(duende, folder, new OfJvm(file), WAIT, WATCHDOG);
    try (attack) {
      attack.run();
      faults.addAll(attack.faults());
      attack.figures().forEach(f -> figures.add("that of the container's JVM " + f));
    } catch (ClockAttack.TooSlow slow) {
      leftOut.add("the machine is too slow: " + slow.getMessage());
    } finally {
      forget(attack.container());
    }
  }

  /** The library never removes what its processes share. */
  private static void forget(long process) throws IOException {
    for (String name : List.of("faketime_shm_", "sem.faketime_sem_")) {
      boolean _ = Files.deleteIfExists(Path.of("/dev/shm", name + process));
    }
  }

  private static Optional<Path> library() throws IOException {
    try (Stream<Path> folders = Files.list(Path.of("/usr/lib"))) {
      return folders
          .map(f -> f.resolve("faketime/libfaketimeMT.so.1"))
          .filter(Files::isReadable)
          .findFirst();
    }
  }

  private static final class OfJvm implements ClockAttack.Clock {
    private static final Duration CACHED = Duration.ofMillis(1200);

    private final Path file;
    private long shift;

    OfJvm(Path file) {
      this.file = file;
    }

    @Override
    public void set(long seconds) throws Exception {
      shift += seconds;
      Path next =
          Files.writeString(file.resolveSibling("clock.next"), String.format("%+d%n", shift));
      Path _ = Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
      Thread.sleep(CACHED);
    }

    @Override
    public Instant now() {
      return Instant.now().plusSeconds(shift);
    }
  }

  // The clock of a machine

  private void ofAGuest() throws Exception {
    try (Guest guest = setup().boot()) {
      Command.Result result =
          guest.run(PATIENCE, guest.java(List.of(), ClockInGuest.class.getName()));
      List<String> lines = result.output().lines().toList();
      if (!result.ok() || !lines.contains(ClockInGuest.OVER)) {
        throw new AssertionError(
            "the attempt in the guest ended with " + result.status() + ": " + result.output());
      }
      said(lines, ClockInGuest.SLOW).forEach(s -> leftOut.add("a guest is too slow here: " + s));
      said(lines, ClockInGuest.FAULT).forEach(faults::add);
      said(lines, ClockInGuest.FIGURE).forEach(f -> figures.add("a guest's " + f));
    } catch (Missing missing) {
      leftOut.add(missing.getMessage());
    }
  }

  private static GuestSetup setup() throws IOException {
    Path home = Scene.distribution();
    GuestSetup setup =
        Guest.prepare()
            .memory(1024)
            .ownClassPath()
            .file(Path.of(System.getProperty("duende.probe")), ClockInGuest.PROBE);
    for (String part : List.of("bin", "lib", "bundles")) {
      try (Stream<Path> files = Files.walk(home.resolve(part))) {
        files
            .filter(
                f ->
                    Files.isRegularFile(f)
                        && !LEFT_OUT.matcher(f.getFileName().toString()).matches())
            .forEach(f -> setup.file(f, ClockInGuest.HOME + "/" + home.relativize(f)));
      }
    }
    return setup;
  }

  private static Stream<String> said(List<String> lines, String word) {
    return lines.stream().filter(l -> l.startsWith(word)).map(l -> l.substring(word.length()));
  }
}
