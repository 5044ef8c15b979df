package com.paiml.duende.manager.life;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.ExitMatch;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.ExitRules;
import com.paiml.duende.api.FailureReason;
import com.paiml.duende.api.RestartPolicy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.random.RandomGenerator;

/** Counts deaths and decides what follows from one. Times are nanoseconds of one monotonic clock. */
final class Restarts {
  /** A pause of zero is that, whatever its jitter. */
  private static final RandomGenerator NO_CHANCE = () -> 0;

  private final ArrayDeque<Long> deaths = new ArrayDeque<>();
  private int attempts;
  private boolean healthy;
  private long healthySince;

  /** What follows from a death. */
  sealed interface Decision {
    /** It is started again. */
    record Again(Duration delay) implements Decision {}

    /** It is done. */
    record Done() implements Decision {}

    /** It has failed. */
    record GiveUp(FailureReason reason) implements Decision {}
  }

  /**
   * Whether it would be started again without a pause. Nothing is counted; later, as long as no death comes between, no more is
   * forbidden.
   */
  boolean againAtOnce(DaemonConfig config, ExitReason exit, long now) {
    Restarts tried = copy();
    Decision decision = tried.decide(config, exit, FailureReason.of(exit), now, NO_CHANCE);
    return decision instanceof Decision.Again(Duration delay) && delay.isZero();
  }

  Restarts copy() {
    Restarts other = new Restarts();
    other.deaths.addAll(deaths);
    other.attempts = attempts;
    other.healthy = healthy;
    other.healthySince = healthySince;
    return other;
  }

  /** An operator starts it: all is forgotten. */
  void forget() {
    deaths.clear();
    attempts = 0;
    healthy = false;
  }

  /** A healthy spell begins. */
  void well(long now) {
    if (!healthy) {
      healthy = true;
      healthySince = now;
    }
  }

  /** A healthy spell ends. */
  void unwell(long now, Backoff backoff) {
    settle(now, backoff);
    healthy = false;
  }

  /** How many restarts count, after what healthy spells have taken off. */
  int attempts(long now, Backoff backoff) {
    settle(now, backoff);
    return attempts;
  }

  private void settle(long now, Backoff backoff) {
    long spell = backoff.resetAfter().toNanos();
    if (healthy && spell > 0) {
      long spells = (now - healthySince) / spell;
      if (spells > 0) {
        attempts = spells > 31 ? 0 : attempts >> spells;
        healthySince += spells * spell;
      }
    }
  }

  static boolean isSuccess(ExitRules rules, ExitReason exit) {
    return matches(rules.success(), exit);
  }

  private static boolean matches(List<ExitMatch> rules, ExitReason exit) {
    for (ExitMatch rule : rules) {
      if (rule.matches(exit)) {
        return true;
      }
    }
    return false;
  }

  /** @param reason what the daemon has failed for, should it not be started again */
  Decision decide(
      DaemonConfig config,
      ExitReason exit,
      FailureReason reason,
      long now,
      RandomGenerator random) {
    unwell(now, config.backoff());
    boolean never = matches(config.exit().neverRestart(), exit);
    boolean success = isSuccess(config.exit(), exit);
    if (exit instanceof ExitReason.Abandoned || exit instanceof ExitReason.StartLimitHit) {
      return new Decision.GiveUp(reason);
    }
    if (never || !wants(config.restart(), success)) {
      return success ? new Decision.Done() : new Decision.GiveUp(reason);
    }
    if (bounded(config) && attempts >= config.maxRetries()) {
      return new Decision.GiveUp(
          new FailureReason.StartLimit(
              config.maxRetries() + " restarts, the last after " + exit.describe()));
    }
    if (tallyIsFull(config.exit(), now)) {
      return new Decision.GiveUp(
          new FailureReason.StartLimit(
              config.exit().deaths()
                  + " deaths within "
                  + config.exit().within().toSeconds()
                  + " s, the last by "
                  + exit.describe()));
    }
    Duration delay = delay(config.backoff(), random);
    attempts++;
    return new Decision.Again(delay);
  }

  private static boolean wants(RestartPolicy policy, boolean success) {
    return switch (policy) {
      case NEVER -> false;
      case ON_FAILURE, MAX_RETRIES -> !success;
      case ALWAYS, UNLESS_STOPPED, WITH_BACKOFF -> true;
    };
  }

  private static boolean bounded(DaemonConfig config) {
    return switch (config.restart()) {
      case MAX_RETRIES, WITH_BACKOFF -> true;
      default -> config.isWritten("max_retries");
    };
  }

  private boolean tallyIsFull(ExitRules rules, long now) {
    if (rules.deaths() <= 0) {
      return false;
    }
    long window = rules.within().toNanos();
    deaths.addLast(now);
    while (!deaths.isEmpty() && now - deaths.getFirst() > window) {
      deaths.removeFirst();
    }
    return deaths.size() >= rules.deaths();
  }

  private Duration delay(Backoff backoff, RandomGenerator random) {
    double max = backoff.max().toNanos();
    double nanos =
        Math.min(max, backoff.initial().toNanos() * Math.pow(backoff.multiplier(), attempts));
    if (backoff.jitter() > 0) {
      nanos *= 1 + backoff.jitter() * (2 * random.nextDouble() - 1);
    }
    return Duration.ofNanos((long) Math.max(0, Math.min(max, nanos)));
  }
}
