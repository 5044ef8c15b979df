package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Commands beside a daemon. */
interface ExecContract extends Contract {

  @Test
  default void a_command_gives_its_exit_status_and_output() throws Exception {
    bench().require(Capability.EXEC);
    Run run = bench().start(new Behaviour.Sleeps()).up();
    ExecResult result = exec(run, "echo to out; echo to err >&2; exit 3", bench().deadline());
    assertEquals(3, result.code());
    assertFalse(result.timedOut());
    assertTrue(result.output().contains("to out"), result.output());
    assertTrue(result.output().contains("to err"), result.output());
    assertEquals(0, exec(run, "true", bench().deadline()).code());
  }

  @Test
  default void a_command_that_takes_too_long_is_killed_with_its_children() throws Exception {
    bench().require(Capability.EXEC);
    Run run = bench().start(new Behaviour.Sleeps()).up();
    int before = run.alive();
    // The child has the mark of the run in its environment, as the daemon has.
    String mark = Census.VARIABLE + "=" + bench().instance().id() + "/" + run.spec().name();
    long begin = System.nanoTime();
    ExecResult result =
        exec(
            run,
            "export " + mark + "; sh -c 'sleep 3600; true' & sleep 3600",
            Deadline.after(Duration.ofMillis(700)));
    assertTrue(result.timedOut(), () -> "its time was up, told: " + result);
    assertTrue(System.nanoTime() - begin < bench().patience().toNanos(), "the deadline was kept");
    assertEquals(before, run.alive(), "something of the command is alive");
    assertFalse(run.hasExited(), "the daemon itself goes on");
  }

  @Test
  default void of_a_flood_of_output_the_first_four_kibibytes_are_kept() throws Exception {
    bench().require(Capability.EXEC);
    Run run = bench().start(new Behaviour.Sleeps()).up();
    ExecResult result =
        exec(
            run,
            "i=0; while [ $i -lt 20000 ]; do echo flood; i=$((i+1)); done; exit 4",
            bench().deadline());
    assertEquals(4, result.code(), "it was not held up");
    assertTrue(
        result.output().length() <= 4096 && result.output().startsWith("flood\nflood"),
        () -> result.output().length() + " characters");
  }

  private ExecResult exec(Run run, String script, Deadline deadline) throws Exception {
    return bench().adapter().exec(run.handle(), List.of("/bin/sh", "-c", script), deadline);
  }
}
