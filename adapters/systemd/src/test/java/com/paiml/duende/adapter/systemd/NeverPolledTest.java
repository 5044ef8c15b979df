package com.paiml.duende.adapter.systemd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * An end is known from the bus's signals and from nothing else: between the adapter and the bus stands a relay that counts
 * what the adapter says and can hold back what the bus says.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class NeverPolledTest {
  @RegisterExtension static final WithSystemd SYSTEMD = new WithSystemd();

  /** Longer than the second between two looks where there is no bus. */
  private static final long WHILE_SECONDS = 4;

  private Bench bench;
  private Relay relay;

  @BeforeEach
  void open() throws Exception {
    bench = new Bench(SYSTEMD.get());
    // On systemd's machine, by whose address the adapter knows where that is.
    Path run = Path.of("/proc/" + SYSTEMD.get().leader() + "/root/run");
    Path socket = run.resolve("relay-" + bench.instance.id());
    relay = new Relay(socket, run.resolve("dbus/system_bus_socket"));
    bench.adapter.deactivate();
    bench.adapter = new SystemdAdapter(new Domains("unix:path=" + socket, ""));
  }

  @AfterEach
  void close() throws Exception {
    relay.release();
    bench.close();
    relay.close();
  }

  /** Of a daemon that ends with 7 when the file is there. */
  private DaemonHandle start(String name, Path gate) throws Exception {
    return bench.start(
        bench.shell(name, "while [ ! -e " + gate + " ]; do sleep 0.05; done; exit 7", b -> b));
  }

  private static void assertOpenFor(CompletableFuture<ExitReason> exit, String why) {
    assertThrows(TimeoutException.class, () -> exit.get(WHILE_SECONDS, TimeUnit.SECONDS), why);
  }

  @Test
  void nothing_is_asked_while_a_unit_runs_and_its_end_is_told_without_a_question()
      throws Exception {
    Path gate = bench.folder.resolve("gate");
    DaemonHandle handle = start("quiet", gate);
    CompletableFuture<ExitReason> exit = bench.adapter.exit(handle).toCompletableFuture();
    long before = relay.said();
    assertTrue(before > 0, "the relay is not in between");

    assertOpenFor(exit, "it runs");
    assertEquals(before, relay.said(), "bytes to the bus, while the unit ran");

    Files.writeString(gate, "");
    assertEquals(new ExitReason.Failure(7, ""), bench.exit(handle));
    assertEquals(before, relay.said(), "bytes to the bus, until its end was known");
  }

  @Test
  void an_end_is_not_known_before_the_bus_has_told_it_and_then_at_once() throws Exception {
    Path gate = bench.folder.resolve("held-gate");
    DaemonHandle handle = start("held-back", gate);
    CompletableFuture<ExitReason> exit = bench.adapter.exit(handle).toCompletableFuture();
    relay.hold();
    Files.writeString(gate, "");
    Await.until(
        "systemd knows of the end",
        Bench.PATIENCE,
        () -> bench.show(bench.unit("held-back"), "ActiveState").equals("failed"));
    Await.until("the bus has told of it", Bench.PATIENCE, relay::isHoldingBack);

    assertOpenFor(exit, "known from elsewhere than the bus");
    long before = relay.said();
    assertFalse(exit.isDone());

    relay.release();
    assertEquals(new ExitReason.Failure(7, ""), bench.exit(handle));
    assertEquals(before, relay.said(), "bytes to the bus, for what the bus had told");
  }
}
