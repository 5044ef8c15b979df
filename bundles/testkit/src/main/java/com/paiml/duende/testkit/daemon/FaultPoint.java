package com.paiml.duende.testkit.daemon;

import com.paiml.duende.spi.Chaos;
import java.io.IOException;
import java.time.Duration;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Chaos.Hook} for a daemon's own code, which calls {@link #pass()} where something can go wrong: before it writes,
 * connects, asks. Not armed, that costs a read of a variable.
 */
public final class FaultPoint implements Chaos.Hook {
  private volatile @Nullable Armed armed;

  private record Armed(double rate, String message, Duration delay, SplittableRandom random) {}

  /**
   * Goes through, or does what was armed.
   *
   * @throws IOException when it was armed to fail
   * @throws InterruptedException when it was interrupted while held up
   */
  public void pass() throws IOException, InterruptedException {
    Armed a = armed;
    if (a == null || !chosen(a)) {
      return;
    }
    if (!a.delay().isZero()) {
      Thread.sleep(a.delay());
    }
    if (!a.message().isEmpty()) {
      throw new IOException(a.message());
    }
  }

  private static boolean chosen(Armed a) {
    synchronized (a.random()) {
      return a.random().nextDouble() < a.rate();
    }
  }

  @Override
  public void arm(double rate, String message, Duration delay, long seed) {
    armed = new Armed(rate, message, delay, new SplittableRandom(seed));
  }

  @Override
  public void disarm() {
    armed = null;
  }
}
