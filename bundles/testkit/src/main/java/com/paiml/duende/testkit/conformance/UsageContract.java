package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.UsageSample;
import com.paiml.duende.testkit.Await;
import java.util.BitSet;
import java.util.List;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;

/** Figures of use are plausible against a known load. */
interface UsageContract extends Contract {

  @Test
  default void processor_time_of_a_busy_daemon_grows_and_is_not_more_than_there_was()
      throws Exception {
    bench().require(Capability.USAGE);
    long begin = System.nanoTime();
    Run run = bench().start(new Behaviour.BurnsCpu()).up();
    assumeTrue(usage(run).cpuNanos() != UsageSample.UNKNOWN, "processor time is not given here");
    Await.until(
        "300 ms of processor time",
        bench().patience(),
        () -> usage(run).cpuNanos() >= 300_000_000L);
    UsageSample first = usage(run);
    Await.until(
        "more processor time", bench().patience(), () -> usage(run).cpuNanos() > first.cpuNanos());
    long used = usage(run).cpuNanos();
    long wall = System.nanoTime() - begin;
    long most = (long) (1.1 * wall * Runtime.getRuntime().availableProcessors());
    assertTrue(used <= most, () -> used + " ns used, " + most + " ns there were");
  }

  @Test
  default void memory_that_is_touched_is_counted() throws Exception {
    bench().require(Capability.USAGE);
    long size = 48L << 20;
    Run run = bench().start(new Behaviour.Allocates(size)).up();
    long reported = usage(run).memoryBytes();
    assumeTrue(reported != UsageSample.UNKNOWN, "memory is not given here");
    assertTrue(
        reported >= size * 95 / 100 && reported <= 4 * size + (64L << 20),
        () -> "touched " + size + ", reported " + reported);
  }

  @Test
  default void the_processes_of_the_whole_tree_are_counted() throws Exception {
    bench().require(Capability.USAGE);
    Run run = bench().start(new Behaviour.ForksTree()).up();
    long reported = usage(run).processes();
    assertTrue(
        reported == UsageSample.UNKNOWN || reported >= 3, () -> "reported " + reported + " of 3");
  }

  @Test
  default void a_figure_is_a_figure_or_unknown() throws Exception {
    bench().require(Capability.USAGE);
    UsageSample usage = usage(bench().start(new Behaviour.Sleeps()).up());
    List<ToLongFunction<UsageSample>> figures =
        List.of(
            UsageSample::cpuNanos,
            UsageSample::memoryBytes,
            UsageSample::processes,
            UsageSample::threads,
            UsageSample::openFiles,
            UsageSample::readBytes,
            UsageSample::writeBytes,
            UsageSample::networkReceivedBytes,
            UsageSample::networkSentBytes,
            UsageSample::voluntarySwitches,
            UsageSample::involuntarySwitches,
            UsageSample::diskBytes,
            UsageSample::oomKills);
    boolean known = false;
    for (ToLongFunction<UsageSample> figure : figures) {
      assertTrue(figure.applyAsLong(usage) >= UsageSample.UNKNOWN, () -> "negative in " + usage);
      known |= figure.applyAsLong(usage) > UsageSample.UNKNOWN;
    }
    assertTrue(known, "usage is declared, and no figure is given");
  }

  @Test
  default void who_has_worked_or_ended_is_not_said_to_have_rested() throws Exception {
    bench().require(Capability.USAGE, Capability.KILL);
    Run busy = bench().start(new Behaviour.BurnsCpu()).up();
    UsageSample first = usage(busy);
    assumeTrue(first.cpuNanos() != UsageSample.UNKNOWN, "processor time is not given here");
    Run ended = bench().start(new Behaviour.Sleeps()).up();
    UsageSample last = usage(ended);
    bench().adapter().kill(ended.handle(), bench().deadline());
    ExitReason _ = ended.awaitExit();
    Await.until(
        "more processor time", bench().patience(), () -> usage(busy).cpuNanos() > first.cpuNanos());
    BitSet rested =
        bench()
            .adapter()
            .unchanged(
                List.of(busy.handle(), ended.handle()), List.of(first, last), bench().deadline());
    assertFalse(rested.get(0), "it has worked, and is said to have rested");
    assertFalse(rested.get(1), "it has ended, and is said to have rested");
  }

  private UsageSample usage(Run run) throws Exception {
    return bench().adapter().usage(run.handle(), bench().deadline());
  }
}
