package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.LogConfig;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.testkit.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Every line that a daemon writes can be read, once and in order. */
interface LogContract extends Contract {
  LogQuery FOLLOW = new LogQuery(-1, Optional.empty(), true);

  @Test
  default void every_line_is_there_once_and_in_order() throws Exception {
    bench().require(Capability.LOGS);
    Run run = bench().start(new Behaviour.Prints(5000, 80));
    run.awaitExit();
    assertLines(run, 5000, 80);
  }

  @Test
  default void rotation_loses_and_tears_no_line() throws Exception {
    bench().require(Capability.LOGS);
    // About 2 MB in files of 64 KiB.
    Run run =
        bench()
            .start(
                new Behaviour.Prints(20_000, 80),
                b -> b.log(new LogConfig(64 << 10, 1000)).written(Set.of("log.max_size")));
    run.awaitExit();
    assertLines(run, 20_000, 80);
  }

  @Test
  default void standard_output_and_error_are_both_there() throws Exception {
    bench().require(Capability.LOGS);
    Run run = bench().start(new Behaviour.PrintsBoth());
    run.awaitExit();
    run.awaitLine("to out");
    run.awaitLine("to err");
    assertEquals(2, run.lines().size(), () -> "more than it wrote: " + linesOf(run));
  }

  @Test
  default void the_last_lines_can_be_asked_for() throws Exception {
    bench().require(Capability.LOGS);
    Run run = bench().start(new Behaviour.Prints(100, 1));
    run.awaitExit();
    run.awaitLine("line 100 of 100 x");
    assertEquals(
        List.of("line 98 of 100 x", "line 99 of 100 x", "line 100 of 100 x"), run.lines(3));
    assertEquals(List.of(), run.lines(0));
    assertEquals(100, run.lines(1000).size());
  }

  @Test
  default void a_followed_log_goes_on_with_new_lines() throws Exception {
    bench().require(Capability.LOGS);
    Run run = bench().start(new Behaviour.Ticks());
    List<String> heard = new ArrayList<>();
    try (LogStream stream = bench().adapter().logs(run.handle()).open(FOLLOW)) {
      Await.until(
          "twenty ticks",
          bench().patience(),
          () -> {
            assertFalse(stream.isDone(), "a followed log of what runs is not done");
            stream.next(bench().deadline()).map(LogLine::text).ifPresent(heard::add);
            return heard.contains("tick 20");
          });
    }
    assertEquals(
        IntStream.rangeClosed(1, 20).mapToObj(i -> "tick " + i).toList(),
        heard.stream().filter(l -> l.startsWith("tick")).toList());
  }

  @Test
  default void to_close_a_followed_log_ends_a_wait_for_its_next_line() throws Exception {
    bench().require(Capability.LOGS);
    Run run = bench().start(new Behaviour.Sleeps()).up();
    LogStream stream =
        bench().adapter().logs(run.handle()).open(new LogQuery(0, Optional.empty(), true));
    CompletableFuture<Void> reader =
        Async.run(
            () ->
                assertEquals(
                    Optional.empty(), stream.next(Deadline.after(Duration.ofMinutes(10)))));
    Await.until("the reader waits", bench().patience(), () -> !reader.isDone());
    stream.close();
    reader.get(bench().patience().toMillis(), TimeUnit.MILLISECONDS);
  }

  @Test
  default void a_wait_for_a_line_ends_at_its_deadline() throws Exception {
    bench().require(Capability.LOGS);
    Run run = bench().start(new Behaviour.Sleeps()).up();
    try (LogStream stream =
        bench().adapter().logs(run.handle()).open(new LogQuery(0, Optional.empty(), true))) {
      long begin = System.nanoTime();
      assertEquals(Optional.empty(), stream.next(Deadline.after(Duration.ofMillis(200))));
      assertTrue(System.nanoTime() - begin < bench().patience().toNanos());
    }
  }

  @Test
  default void the_log_of_an_ended_run_can_still_be_read() throws Exception {
    bench().require(Capability.LOGS);
    Run run = bench().start(new Behaviour.Prints(10, 1));
    run.awaitExit();
    assertLines(run, 10, 1);
    assertLines(run, 10, 1);
  }

  private static void assertLines(Run run, int count, int padding) throws Exception {
    String last = "line " + count + " of " + count + " " + "x".repeat(padding);
    run.awaitLine(last);
    List<String> expected =
        IntStream.rangeClosed(1, count)
            .mapToObj(i -> "line " + i + " of " + count + " " + "x".repeat(padding))
            .toList();
    List<String> seen = run.lines();
    for (int i = 0; i < Math.min(count, seen.size()); i++) {
      assertEquals(expected.get(i), seen.get(i), "line " + (i + 1));
    }
    assertEquals(count, seen.size(), "lines");
  }

  private static String linesOf(Run run) {
    try {
      return run.lines().toString();
    } catch (Exception e) {
      return e.toString();
    }
  }
}
