package com.paiml.duende.adapter.systemd.unit;

import com.paiml.duende.adapter.systemd.service.UnitState;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonConfig.RestartBy;
import com.paiml.duende.api.ExitMatch;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.RestartPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How often systemd starts a daemon that it restarts, {@code StartLimitBurst=} and {@code StartLimitIntervalSec=} of
 * systemd.unit(5).
 *
 * @param starts the first one counts
 * @param within the time in which they count
 */
public record StartLimit(int starts, Duration within) {
  private static final String RESULT = "start-limit-hit";

  /** Empty when it is started as often as it ends, or never again. */
  public static Optional<StartLimit> of(DaemonConfig config) {
    if (config.restartBy() != RestartBy.PLATFORM || config.restart() == RestartPolicy.NEVER) {
      return Optional.empty();
    }
    if (isCounted(config)) {
      return Optional.of(new StartLimit(config.maxRetries() + 1, config.backoff().resetAfter()));
    }
    return config.exit().deaths() > 0
        ? Optional.of(new StartLimit(config.exit().deaths(), config.exit().within()))
        : Optional.empty();
  }

  private static boolean isCounted(DaemonConfig config) {
    return config.restart() == RestartPolicy.MAX_RETRIES
        || config.restart() == RestartPolicy.WITH_BACKOFF
        || config.isWritten("max_retries");
  }

  /**
   * Whether that is why systemd starts it no more. After an end that was a failure systemd keeps that failure as the unit's
   * result ({@code exit-code}), and has the words "Start request repeated too quickly" for its log only. But it has counted
   * the start that it then refused: so many restarts as there may be starts, one more than it has made; and the unit has
   * become failed only after the pause that comes before a start.
   *
   * @param last how the last run ended
   */
  static Optional<ExitReason> hit(UnitState state, DaemonConfig config, ExitReason last) {
    if (state.text("Result").equals(RESULT)) {
      return Optional.of(new ExitReason.StartLimitHit("systemd starts it no more"));
    }
    Optional<StartLimit> limit = of(config);
    if (limit.isEmpty()
        || !state.text("ActiveState").equals("failed")
        || state.number("NRestarts") < limit.get().starts()
        || !isStartedAfter(last, config)
        || pauseMicros(state) < config.backoff().initial().toNanos() / 1000) {
      return Optional.empty();
    }
    return Optional.of(
        new ExitReason.StartLimitHit(
            "systemd starts it no more than "
                + limit.get().starts()
                + " times within "
                + limit.get().within().toSeconds()
                + " s; its last end: "
                + last.describe()));
  }

  /** From the end of its process until systemd gave it up. */
  private static long pauseMicros(UnitState state) {
    return state.number("InactiveEnterTimestampMonotonic")
        - state.number("ExecMainExitTimestampMonotonic");
  }

  private static boolean isStartedAfter(ExitReason end, DaemonConfig config) {
    if (matches(config.exit().neverRestart(), end)) {
      return false;
    }
    return UnitSettings.restartWord(config.restart()).equals("always")
        || !matches(config.exit().success(), end);
  }

  private static boolean matches(List<ExitMatch> rules, ExitReason end) {
    return rules.stream().anyMatch(rule -> rule.matches(end));
  }
}
