package com.paiml.duende.bench;

import com.paiml.duende.bench.jmh.BreakerBenchmark;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** What a circuit breaker adds to a call while it is closed: time and allocation, by JMH. */
final class BreakerScenario implements Scenario {
  private static final String FACTORY = "com.paiml.duende.policy.breaker.BreakerFactory";

  private static final Map<String, String> WHO =
      Map.of(
          "duende", Figure.DUENDE,
          "resilience4j", "resilience4j",
          "resilience4jBare", "resilience4j, by hand",
          "bare", "no breaker");

  @Override
  public String name() {
    return "breaker";
  }

  @Override
  public String description() {
    return "a call through a closed circuit breaker: nanoseconds and bytes, beside resilience4j";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    Path results = setting.newFolder().resolve("jmh.txt");
    Options options =
        new OptionsBuilder()
            .include(BreakerBenchmark.class.getName() + ".*")
            .forks(setting.quick() ? 1 : 3)
            .warmupIterations(setting.quick() ? 2 : 5)
            .warmupTime(TimeValue.seconds(1))
            .measurementIterations(setting.quick() ? 3 : 5)
            .measurementTime(TimeValue.seconds(1))
            .addProfiler(GCProfiler.class)
            .jvmArgsAppend("-D" + BreakerBenchmark.FACTORY + "=" + FACTORY)
            .verbosity(VerboseMode.SILENT)
            .output(results.toString())
            .shouldFailOnError(true)
            .build();
    List<Figure> figures = new ArrayList<>();
    for (RunResult run : new Runner(options).run()) {
      String method = run.getParams().getBenchmark();
      String who = WHO.getOrDefault(method.substring(method.lastIndexOf('.') + 1), method);
      Result<?> time = run.getPrimaryResult();
      figures.add(
          Figure.of(
              name(),
              "one call, closed",
              who,
              time.getScore(),
              "ns",
              String.format(
                  Locale.ROOT,
                  "± %.2f (99.9 %%), %d iterations",
                  time.getScoreError(),
                  time.getSampleCount())));
      Result<?> allocated = run.getSecondaryResults().get("gc.alloc.rate.norm");
      if (allocated != null) {
        // JMH's own loop allocates a few bytes a second, which is no byte a call.
        figures.add(
            Figure.of(
                name(),
                "allocated by one call",
                who,
                Math.round(allocated.getScore() * 100) / 100.0,
                "B",
                "-prof gc"));
      }
    }
    return figures;
  }
}
