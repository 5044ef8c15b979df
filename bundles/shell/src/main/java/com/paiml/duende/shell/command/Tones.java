package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.shell.text.Human;
import com.paiml.duende.shell.text.Style.Tone;
import com.paiml.duende.shell.text.Table.Cell;
import java.util.Optional;

/** What is good and what is bad. */
final class Tones {
  private Tones() {}

  static Tone of(DaemonStatus.State state) {
    return switch (state) {
      case RUNNING -> Tone.GOOD;
      case STARTING, STOPPING, PAUSED -> Tone.WARNING;
      case FAILED -> Tone.BAD;
      case CREATED, STOPPED -> Tone.FAINT;
    };
  }

  static Tone of(HealthStatus.State state) {
    return switch (state) {
      case HEALTHY -> Tone.GOOD;
      case DEGRADED -> Tone.WARNING;
      case UNHEALTHY -> Tone.BAD;
    };
  }

  static Cell cell(Optional<HealthStatus> health) {
    return health
        .map(h -> Cell.of(Human.word(h.state()), of(h.state())))
        .orElse(Cell.of("-", Tone.FAINT));
  }
}
