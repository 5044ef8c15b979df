package com.paiml.duende.observe.monitor;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * Whose turn it is in a round. Everybody's, as long as they are few or somebody watches; of many, those that are busy, and so
 * many of the idle ones as the time permits, one after the other, also several rounds' together: what is done at once takes a
 * fraction of the processor time that it takes one by one, from cold caches each time. For the sampler's thread.
 */
final class Turns {
  private static final double NANOS_PER_SECOND = 1e9;

  private final double idleInARound;
  private final double idleTogether;
  private double credit;
  private int next;

  /**
   * @param idleInASecond how many idle ones have their turn in a second
   * @param interval between rounds
   * @param together for how long idle ones wait so that they have their turns together; zero: they do not
   */
  Turns(double idleInASecond, Duration interval, Duration together) {
    this.idleInARound = idleInASecond * interval.toNanos() / NANOS_PER_SECOND;
    this.idleTogether = Math.max(1, idleInASecond * together.toNanos() / NANOS_PER_SECOND);
  }

  /** Whether they are too many for all of them to have their turn in each round. */
  boolean isCrowd(List<Track> all) {
    return all.size() > idleInARound;
  }

  /** One round over all of them. */
  void take(List<Track> all, boolean everybody, Consumer<Track> turn) {
    if (everybody || !isCrowd(all)) {
      all.forEach(turn);
      return;
    }
    for (Track track : all) {
      if (!track.isIdle()) {
        turn.accept(track);
      }
    }
    // At a quick beat there is less than one in a round.
    credit = Math.min(credit + idleInARound, Math.max(idleTogether, idleInARound));
    if (credit < Math.min(idleTogether, all.size())) {
      return;
    }
    for (int i = 0; i < all.size() && credit >= 1; i++) {
      Track track = all.get(next++ % all.size());
      if (track.isIdle()) {
        credit--;
        turn.accept(track);
      }
    }
    next %= all.size();
  }
}
