package com.paiml.duende.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.spi.Chaos;
import com.paiml.duende.testkit.Await;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** The kernel's own netem, in a network namespace of the target's. Run by {@link GuestChaosTest}, in a kernel that has it. */
@DuendeTest
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class NetworkInGuest {
  /** Everything there is emulated. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private static final Pattern ROUND_TRIP = Pattern.compile("time=([0-9.]+) ms");

  private static Subject pinger(Duende duende) throws Exception {
    return duende.run(
        "pinger",
        "/bin/sh",
        "-c",
        "exec unshare -n sh -c 'ip link set lo up; while :; do ping -c 1 -W 5 127.0.0.1; sleep"
            + " 0.2; done'");
  }

  private static List<Double> roundTrips(List<String> lines) {
    return lines.stream()
        .map(ROUND_TRIP::matcher)
        .filter(Matcher::find)
        .map(m -> Double.valueOf(m.group(1)))
        .toList();
  }

  @Test
  void packets_come_later_and_in_time_again(Duende duende) throws Exception {
    Subject pinger = pinger(duende);
    Await.until(
        "it hears itself",
        PATIENCE,
        () -> roundTrips(pinger.lines()).stream().anyMatch(t -> t < 200));
    Chaos.Experiment slow =
        duende.chaos(
            "latency", Duration.ofMinutes(10), Map.of("device", "lo", "delay", "400ms"), "pinger");
    int before = roundTrips(pinger.lines()).size();
    Await.until(
        "there and back takes twice the delay",
        PATIENCE,
        () ->
            roundTrips(pinger.lines()).stream().skip(before + 1).filter(t -> t >= 800).count()
                >= 3);
    slow.close();
    int during = roundTrips(pinger.lines()).size();
    Await.until(
        "it is as it was",
        PATIENCE,
        () -> roundTrips(pinger.lines()).stream().skip(during + 1).anyMatch(t -> t < 400));
    assertEquals(0, pinger.info().restarts());
  }

  @Test
  void packets_are_lost_and_then_no_more(Duende duende) throws Exception {
    Subject pinger = pinger(duende);
    Await.until("it hears itself", PATIENCE, () -> !roundTrips(pinger.lines()).isEmpty());
    Chaos.Experiment lossy =
        duende.chaos(
            "loss", Duration.ofMinutes(10), Map.of("device", "lo", "rate", "100%"), "pinger");
    Await.until(
        "nothing arrives",
        PATIENCE,
        () -> pinger.lines().stream().anyMatch(l -> l.contains("100% packet loss")));
    lossy.close();
    int during = roundTrips(pinger.lines()).size();
    Await.until(
        "it hears itself again", PATIENCE, () -> roundTrips(pinger.lines()).size() > during);
    assertTrue(lossy.report().contains("netem loss"), lossy.report());
  }
}
