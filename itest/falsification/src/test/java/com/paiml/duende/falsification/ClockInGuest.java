package com.paiml.duende.falsification;

import com.paiml.duende.bench.drive.Installed;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;

/** The attack on the clock where a clock may be set: in a guest. {@link ClockClaims} reads what it says. */
final class ClockInGuest {
  static final String HOME = "duende";
  static final String PROBE = "probe.jar";
  static final String FAULT = "fault: ";
  static final String FIGURE = "figure: ";
  static final String SLOW = "too slow: ";
  static final String OVER = "over";

  /** Seconds: where every instruction is emulated, a command takes some. */
  private static final int WAIT = 20;

  private static final int WATCHDOG = 10;

  private static final String QUICK =
      "-XX:TieredStopAtLevel=1 -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote";

  private ClockInGuest() {}

  public static void main(String[] none) throws Exception {
    Path folder = Files.createTempDirectory("duende-clock-");
    Installed duende = new Installed(Path.of("/app", HOME), folder);
    duende.bundle(Path.of("/app", PROBE));
    // Half as long to start where every instruction is emulated.
    duende.set("DUENDE_JAVA_OPTS", QUICK);
    try (ClockAttack attack = new ClockAttack(duende, folder, new OfMachine(), WAIT, WATCHDOG)) {
      attack.run();
      if (attack.faults().isEmpty()) {
        attack.goOn();
      }
      attack.faults().forEach(f -> System.out.println(FAULT + f));
      attack.figures().forEach(f -> System.out.println(FIGURE + f));
    } catch (ClockAttack.TooSlow slow) {
      System.out.println(SLOW + slow.getMessage());
    }
    System.out.println(OVER);
    System.exit(0);
  }

  private static final class OfMachine implements ClockAttack.Clock {
    @Override
    public void set(long seconds) throws Exception {
      long before = now().getEpochSecond();
      Process date =
          new ProcessBuilder("date", "-s", "@" + (before + seconds))
              .redirectErrorStream(true)
              .start();
      String said = new String(date.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      long moved = now().getEpochSecond() - before;
      if (date.waitFor() != 0 || Math.abs(moved - seconds) > 60) {
        throw new AssertionError("the clock moved by " + moved + " s: " + said);
      }
    }

    @Override
    public Instant now() {
      return Instant.now();
    }
  }
}
