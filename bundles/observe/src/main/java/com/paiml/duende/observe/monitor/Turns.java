package com.paiml.duende.observe.monitor;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * Whose turn it is in a round. Everybody's, as long as they are few or somebody watches; of many, those that are busy, and all
 * of the idle ones every so often, one right after the other: what is done at once takes a fraction of the processor time that
 * it takes one by one, from cold caches each time. As long as none of the idle ones does anything, and none comes to rest, each
 * pause is twice the one before: those that rest for long take next to nothing. For the sampler's thread.
 */
final class Turns {
  private static final double NANOS_PER_SECOND = 1e9;

  /**
   * How often idle ones have their turn.
   *
   * @param usual so many of them in a second
   * @param atLeastEvery but each of them after this time
   * @param most as long as they are not more than so many in a second; as many do in each round what all others do
   * @param rested the longest pause that doubling makes
   */
  record Pace(double usual, Duration atLeastEvery, double most, Duration rested) {
    /**
     * From one turn of so many idle ones to the next, nanoseconds.
     *
     * @param rests after so many turns in a row in which none had done anything
     */
    long pause(int count, int rests) {
      double seldom = Math.min(count / usual * NANOS_PER_SECOND, (double) atLeastEvery.toNanos());
      double first = Math.max(count / most * NANOS_PER_SECOND, seldom);
      double most = Math.max(first, (double) rested.toNanos());
      return Math.round(Math.min(Math.scalb(first, rests), most));
    }
  }

  private final Pace pace;
  private final double few;
  private long last;
  private int rests;

  /**
   * @param interval between rounds
   * @param now of {@link System#nanoTime}
   */
  Turns(Pace pace, Duration interval, long now) {
    this.pace = pace;
    this.few = pace.most * interval.toNanos() / NANOS_PER_SECOND;
    this.last = now;
  }

  /** Whether they are too many for all of them to have their turn in each round. */
  boolean isCrowd(List<Track> all) {
    return all.size() > few;
  }

  /** One round over all of them. */
  void take(List<Track> all, boolean everybody, long now, Consumer<Track> turn) {
    if (everybody || !isCrowd(all)) {
      rests = 0;
      all.forEach(turn);
      return;
    }
    boolean idleToo = now - last >= pause(all);
    if (idleToo) {
      last = now;
      rests += isAsBefore(all) ? 1 : 0;
    }
    for (Track track : all) {
      boolean idle = track.isIdle();
      if (idleToo || !idle) {
        track.rests = idle;
        turn.accept(track);
      }
    }
  }

  /** Who woke or came to rest since its last turn ends the long pauses of all. */
  private long pause(List<Track> all) {
    if (!isAsBefore(all)) {
      rests = 0;
    }
    return pace.pause(all.size(), rests);
  }

  private static boolean isAsBefore(List<Track> all) {
    for (Track track : all) {
      if (track.rests != track.isIdle()) {
        return false;
      }
    }
    return true;
  }

  /** How long it is until somebody has a turn, nanoseconds; 0 for the next round. */
  long wait(List<Track> all, boolean everybody, long now) {
    if (everybody || !isCrowd(all)) {
      return all.isEmpty() ? Long.MAX_VALUE : 0;
    }
    for (Track track : all) {
      if (!track.isIdle()) {
        return 0;
      }
    }
    return Math.max(0, last + pause(all) - now);
  }
}
