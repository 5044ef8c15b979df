package com.paiml.duende.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextFormsTest {

  @ParameterizedTest
  @CsvSource({
    "250ms, 250000000",
    "30s, 30000000000",
    "1m 30s, 90000000000",
    "1m30s, 90000000000",
    "0s, 0",
    "7ns, 7",
    "3us, 3000",
    "3µs, 3000",
    "2h, 7200000000000",
    "1d, 86400000000000",
    "' 5 s ', 5000000000"
  })
  void a_duration_is_a_sum_of_numbers_with_units(String text, long nanos) {
    assertEquals(Optional.of(Duration.ofNanos(nanos)), Durations.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "5",
        "s",
        "-5s",
        "5 x",
        "1.5s",
        "5s x",
        "x5s",
        "1m,30s",
        "999999999999999999d",
        "99999999999999999999s",
        "36501d",
        "5S"
      })
  void anything_else_is_no_duration(String text) {
    assertEquals(Optional.empty(), Durations.parse(text));
  }

  @Test
  void a_duration_comes_back_from_its_text() {
    Random random = new Random(1);
    for (int i = 0; i < 10_000; i++) {
      Duration d =
          Duration.ofSeconds(
              random.nextInt(2) * (long) random.nextInt(), random.nextInt(1_000_000_000));
      Duration positive = d.isNegative() ? d.negated() : d;
      assertEquals(Optional.of(positive), Durations.parse(Durations.format(positive)));
    }
    assertEquals("1m 30s", Durations.format(Duration.ofSeconds(90)));
    assertEquals("0s", Durations.format(Duration.ZERO));
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "4096, 4096",
    "12B, 12",
    "1K, 1024",
    "1k, 1024",
    "512MiB, 536870912",
    "1G, 1073741824",
    "1GB, 1000000000",
    "1kB, 1000",
    "2TiB, 2199023255552",
    "' 1 MiB ', 1048576"
  })
  void a_size_is_a_number_with_a_prefix_or_none(String text, long bytes) {
    assertEquals(OptionalLong.of(bytes), Sizes.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "MiB",
        "-1",
        "1.5G",
        "1 M B",
        "1X",
        "10000000T",
        "99999999999999999999",
        "1Mib",
        "1iB"
      })
  void anything_else_is_no_size(String text) {
    assertEquals(OptionalLong.empty(), Sizes.parse(text));
  }

  @Test
  void a_size_comes_back_from_its_text() {
    Random random = new Random(2);
    for (int i = 0; i < 10_000; i++) {
      long bytes = random.nextLong() >>> (1 + random.nextInt(62)) << random.nextInt(11);
      long positive = bytes & Long.MAX_VALUE;
      assertEquals(OptionalLong.of(positive), Sizes.parse(Sizes.format(positive)));
    }
    assertEquals("512MiB", Sizes.format(512L << 20));
    assertEquals("1000", Sizes.format(1000));
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "64-78, 64-78", "SIGABRT, SIGABRT", "SIG6, SIGABRT", "SIG40, SIG40"})
  void an_exit_rule_is_a_code_a_range_or_a_signal(String text, String canonical) {
    assertEquals(canonical, ExitMatch.parse(text).orElseThrow().toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-1", "256", "9-3", "SIGFOO", "SIG0", "SIG65", "x", "1-", "1-2-3"})
  void anything_else_is_no_exit_rule(String text) {
    assertEquals(Optional.empty(), ExitMatch.parse(text));
  }
}
