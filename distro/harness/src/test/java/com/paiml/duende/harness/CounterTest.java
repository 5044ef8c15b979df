package com.paiml.duende.harness;

import com.paiml.duende.examples.counter.Counter;
import org.junit.jupiter.api.Test;

/** The test of docs/testing-a-daemon.md. */
@DuendeTest
class CounterTest {
  @Test
  void counts(Duende duende) throws Exception {
    duende.run(new Counter()).awaitLine("Counter: 2");
  }
}
