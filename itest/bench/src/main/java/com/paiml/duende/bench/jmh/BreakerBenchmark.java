package com.paiml.duende.bench.jmh;

import com.paiml.duende.spi.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.core.functions.CheckedSupplier;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** One call that succeeds, through a breaker that is closed: permit, work, report. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class BreakerBenchmark {
  /** System property: class name of the factory under test, which its bundle does not export. */
  public static final String FACTORY = "duende.breaker.factory";

  private CircuitBreaker ours;
  private io.github.resilience4j.circuitbreaker.CircuitBreaker theirs;
  private io.github.resilience4j.circuitbreaker.CircuitBreaker theirsWithoutFunction;
  private CheckedSupplier<Integer> decorated;
  private int value = 42;

  /** The defaults of both: five failures in a row for us; for them a window of as many calls. */
  @Setup
  public void open() throws Exception {
    CircuitBreaker.Factory factory =
        Class.forName(System.getProperty(FACTORY))
            .asSubclass(CircuitBreaker.Factory.class)
            .getConstructor()
            .newInstance();
    ours = factory.create(5, Duration.ofSeconds(30), 3, 1);
    CircuitBreakerConfig config =
        CircuitBreakerConfig.custom()
            .slidingWindowType(CircuitBreakerConfig.SlidingWindowType.COUNT_BASED)
            .slidingWindowSize(5)
            .minimumNumberOfCalls(5)
            .waitDurationInOpenState(Duration.ofSeconds(30))
            .permittedNumberOfCallsInHalfOpenState(3)
            .build();
    theirs = io.github.resilience4j.circuitbreaker.CircuitBreaker.of("theirs", config);
    theirsWithoutFunction = io.github.resilience4j.circuitbreaker.CircuitBreaker.of("bare", config);
    decorated =
        io.github.resilience4j.circuitbreaker.CircuitBreaker.decorateCheckedSupplier(
            theirs, () -> value);
  }

  /** What the call costs without any breaker. */
  @Benchmark
  public int bare() {
    return value;
  }

  @Benchmark
  public int duende() {
    long permit = ours.tryAcquire();
    if (permit == CircuitBreaker.REFUSED) {
      return -1;
    }
    int result = value;
    ours.succeeded(permit);
    return result;
  }

  /** Its permit and its report called by hand, without the decorator's lambda and clock. */
  @Benchmark
  public int resilience4jBare() {
    if (!theirsWithoutFunction.tryAcquirePermission()) {
      return -1;
    }
    int result = value;
    theirsWithoutFunction.onSuccess(1, TimeUnit.NANOSECONDS);
    return result;
  }

  @Benchmark
  public int resilience4j() throws Throwable {
    return decorated.get();
  }
}
