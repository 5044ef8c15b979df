package com.paiml.duende.harness;

import com.paiml.duende.spi.Chaos;
import java.time.Duration;
import java.util.Map;

/** A JVM that breaks something and is then killed by the test: what it broke must be mended all the same. */
final class Broken {
  private Broken() {}

  public static void main(String[] words) {
    try {
      hurt(words);
    } catch (Throwable e) {
      e.printStackTrace(System.out);
    }
    System.exit(1);
  }

  private static void hurt(String[] words) throws Exception {
    Duende duende = Duende.start("native");
    Subject victim =
        duende.run(
            "victim", "/bin/sh", "-c", "while :; do cat /dev/null && echo ok; sleep 0.05; done");
    victim.awaitLine("ok");
    for (String fault : words) {
      Chaos.Experiment _ = duende.chaos(fault, Duration.ofMinutes(5), Map.of(), "victim");
    }
    System.out.println("broken " + victim.info().pid().orElseThrow());
    Thread.sleep(Duration.ofMinutes(10));
  }
}
