package com.paiml.duende.testkit.load;

import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/**
 * How much load, and how it comes.
 *
 * <p>{@linkplain Loop#CLOSED Closed}: so many users, each of which waits for an answer before it asks again. Without a rate
 * they ask as fast as they can, and what is measured is the time of service. With a rate they share it, and a request that
 * comes late because the one before it took long counts from when it was due.
 *
 * <p>{@linkplain Loop#OPEN Open}: requests come at the rate, whether or not those before them are answered, as those of many
 * strangers do. At most {@link #MOST_IN_FLIGHT} wait at a time; one that is due beyond that is an error.
 *
 * @param loop how requests come
 * @param users of a closed loop, 1 to 10 000
 * @param rampUp over which users come in, or the rate grows from nothing
 * @param duration of the whole, the ramp included
 * @param requestsPerUser of a closed loop, after which a user goes; 0: as many as there is time for
 * @param rate requests per second in all; 0 (closed only): as many as go
 */
public record LoadPlan(
    Loop loop, int users, Duration rampUp, Duration duration, int requestsPerUser, double rate) {
  /** The most requests of an open loop that wait for their answers at a time. */
  public static final int MOST_IN_FLIGHT = 10_000;

  /** How requests come. */
  public enum Loop {
    CLOSED,
    OPEN
  }

  /** 10 users who come within 10 seconds, for a minute. */
  public static final LoadPlan MODERATE =
      new LoadPlan(Loop.CLOSED, 10, Duration.ofSeconds(10), Duration.ofSeconds(60), 0, 0);

  /** A look: 2 users, 5 seconds. */
  public static final LoadPlan QUICK =
      new LoadPlan(Loop.CLOSED, 2, Duration.ofSeconds(1), Duration.ofSeconds(5), 0, 0);

  /** 5 users, half a minute. */
  public static final LoadPlan LIGHT =
      new LoadPlan(Loop.CLOSED, 5, Duration.ofSeconds(5), Duration.ofSeconds(30), 0, 0);

  /** 100 users who come within half a minute, for five minutes. */
  public static final LoadPlan HEAVY =
      new LoadPlan(Loop.CLOSED, 100, Duration.ofSeconds(30), Duration.ofMinutes(5), 0, 0);

  public LoadPlan {
    if (users < 1 || users > 10_000) {
      throw new IllegalArgumentException("1 to 10000 users, not " + users);
    }
    if (duration.isNegative() || duration.isZero()) {
      throw new IllegalArgumentException("a duration above 0, not " + duration.toSeconds() + "s");
    }
    if (rampUp.isNegative() || rampUp.compareTo(duration) > 0) {
      throw new IllegalArgumentException(
          "a ramp of 0s to the whole "
              + duration.toSeconds()
              + "s, not "
              + rampUp.toSeconds()
              + "s");
    }
    if (requestsPerUser < 0) {
      throw new IllegalArgumentException("requests per user of 0 or more, not " + requestsPerUser);
    }
    if (!(rate >= 0) || rate > 1e6) {
      throw new IllegalArgumentException("a rate of 0 to 1000000, not " + rate);
    }
    if (loop == Loop.OPEN && rate == 0) {
      throw new IllegalArgumentException("an open loop needs a rate");
    }
  }

  /** The preset of that name: quick, light, moderate, heavy. */
  public static Optional<LoadPlan> preset(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "quick" -> Optional.of(QUICK);
      case "light" -> Optional.of(LIGHT);
      case "moderate" -> Optional.of(MODERATE);
      case "heavy" -> Optional.of(HEAVY);
      default -> Optional.empty();
    };
  }

  /** The same with other users; a ramp. */
  public LoadPlan withUsers(int count) {
    return new LoadPlan(loop, count, rampUp, duration, requestsPerUser, rate);
  }

  /** The same for another time; the ramp becomes shorter where it must. */
  public LoadPlan withDuration(Duration time) {
    Duration ramp = rampUp.compareTo(time) > 0 ? time : rampUp;
    return new LoadPlan(loop, users, ramp, time, requestsPerUser, rate);
  }

  /** The same with another ramp. */
  public LoadPlan withRampUp(Duration time) {
    return new LoadPlan(loop, users, time, duration, requestsPerUser, rate);
  }

  /** The same with so many requests of each user. */
  public LoadPlan withRequestsPerUser(int count) {
    return new LoadPlan(loop, users, rampUp, duration, count, rate);
  }

  /** The same at this rate, in a closed loop. */
  public LoadPlan withRate(double perSecond) {
    return new LoadPlan(loop, users, rampUp, duration, requestsPerUser, perSecond);
  }

  /** An open loop at this rate. */
  public LoadPlan open(double perSecond) {
    return new LoadPlan(Loop.OPEN, users, rampUp, duration, requestsPerUser, perSecond);
  }
}
