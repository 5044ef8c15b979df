package com.paiml.duende.policy.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Durations;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.PolicyConfig;
import com.paiml.duende.spi.CircuitBreaker;
import java.time.Duration;
import java.util.Optional;
import java.util.function.IntFunction;

/** {@code KEY=VALUE}, the keys being those of {@code [policy]} in daemon files, applied to what is there. */
final class Change {
  static final String KEYS =
      "breaker=on|off, breaker.failures, breaker.timeout, breaker.successes, breaker.half_open,"
          + " rate_limit, queue";

  private Change() {}

  /**
   * @param factory makes breakers, and so knows the ranges of their numbers
   * @throws DaemonException {@code usage}
   */
  static PolicyConfig apply(PolicyConfig before, String change, CircuitBreaker.Factory factory)
      throws DaemonException {
    int equals = change.indexOf('=');
    if (equals < 1) {
      throw usage("'" + change + "' is not KEY=VALUE");
    }
    String key = change.substring(0, equals);
    String value = change.substring(equals + 1);
    PolicyConfig.Breaker breaker = before.breaker().orElse(PolicyConfig.Breaker.DEFAULT);
    return switch (key) {
      case "breaker" ->
          switch (value) {
            case "on" -> with(before, Optional.of(breaker));
            case "off" -> with(before, Optional.empty());
            default -> throw usage("breaker is on or off, not '" + value + "'");
          };
      case "breaker.failures" ->
          changed(
              before,
              key,
              value,
              factory,
              n ->
                  new PolicyConfig.Breaker(
                      n, breaker.timeout(), breaker.successes(), breaker.halfOpen()));
      case "breaker.successes" ->
          changed(
              before,
              key,
              value,
              factory,
              n ->
                  new PolicyConfig.Breaker(
                      breaker.failures(), breaker.timeout(), n, breaker.halfOpen()));
      case "breaker.half_open" ->
          changed(
              before,
              key,
              value,
              factory,
              n ->
                  new PolicyConfig.Breaker(
                      breaker.failures(), breaker.timeout(), breaker.successes(), n));
      case "breaker.timeout" ->
          with(
              before,
              Optional.of(
                  new PolicyConfig.Breaker(
                      breaker.failures(),
                      timeout(value),
                      breaker.successes(),
                      breaker.halfOpen())));
      case "rate_limit" -> new PolicyConfig(before.breaker(), rate(value), before.queue());
      case "queue" -> new PolicyConfig(before.breaker(), before.rateLimit(), whole(key, value));
      default -> throw usage("no policy " + key + ": there are " + KEYS);
    };
  }

  private static PolicyConfig with(PolicyConfig before, Optional<PolicyConfig.Breaker> breaker) {
    return new PolicyConfig(breaker, before.rateLimit(), before.queue());
  }

  private static PolicyConfig changed(
      PolicyConfig before,
      String key,
      String value,
      CircuitBreaker.Factory factory,
      IntFunction<PolicyConfig.Breaker> make)
      throws DaemonException {
    PolicyConfig.Breaker breaker = make.apply(whole(key, value));
    try {
      var _ =
          factory.create(
              breaker.failures(), breaker.timeout(), breaker.successes(), breaker.halfOpen());
    } catch (IllegalArgumentException outOfRange) {
      throw usage(String.valueOf(outOfRange.getMessage()));
    }
    return with(before, Optional.of(breaker));
  }

  private static Duration timeout(String value) throws DaemonException {
    return Durations.parse(value)
        .filter(d -> d.isPositive() && d.compareTo(Duration.ofDays(1)) <= 0)
        .orElseThrow(
            () -> usage("breaker.timeout: '" + value + "' is not a time up to a day, such as 30s"));
  }

  private static int whole(String key, String value) throws DaemonException {
    if (value.matches("[0-9]{1,9}")) {
      return Integer.parseInt(value);
    }
    throw usage(key + ": '" + value + "' is not a whole number up to 999999999");
  }

  private static double rate(String value) throws DaemonException {
    if (value.matches("[0-9]{1,9}(\\.[0-9]{1,6})?")) {
      return Double.parseDouble(value);
    }
    throw usage("rate_limit: '" + value + "' is not a number of requests a second");
  }

  private static DaemonException usage(String problem) {
    return new DaemonException(new ErrorCode("usage"), "", problem, "");
  }
}
