package com.paiml.duende.itest.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.probe.Recovering;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A container is ready when what ran before has been taken up: who takes it up is a bundle of the test's. */
class ReadyIT {
  private static final String READY = "ready in ";

  @TempDir Path folder;
  private Installation duende;
  private Path fifo;

  @BeforeEach
  void installTheProbe() throws Exception {
    duende = Installation.of(folder.resolve("d"));
    Path bundles = Files.createDirectories(duende.data().resolve("bundles"));
    Files.copy(Path.of(System.getProperty("duende.probe")), bundles.resolve("probe.jar"));
    fifo = folder.resolve("fifo");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    duende.set("PROBE_RECOVERY", fifo.toString());
  }

  @AfterEach
  void endContainers() throws Exception {
    duende.close();
  }

  @Test
  void givenWhatRanBeforeIsBeingTakenUpThenTheContainerIsReadyAfterThat() throws Exception {
    duende.start(folder.resolve("out"), "up");
    // Opens once the container waits for what comes.
    try (OutputStream word =
        assertTimeoutPreemptively(Installation.DEADLINE, () -> Files.newOutputStream(fifo))) {
      assertFalse(duende.log().contains(READY), duende.log());
      assertFalse(lock().contains("ready"), lock());
      word.write('.');
    }
    duende.awaitLog(READY);
    String log = duende.log();
    int done = log.indexOf(Recovering.DONE);
    assertTrue(done >= 0 && done < log.indexOf(READY), log);
    Installation.await(() -> lock().contains("ready"), this::lock);
  }

  @Test
  void givenAPlatformThatNeverAnswersThenItIsReadyAfterTenSecondsAndSaysWhy() throws Exception {
    long before = System.nanoTime();
    Installation.Answer up = duende.call("up");
    assertEquals(0, up.status(), up.text());
    assertTrue(System.nanoTime() - before >= 10_000_000_000L, "it waited");
    String log = duende.log();
    int gaveUp = log.indexOf("not all that ran before has been taken up after 10 s");
    assertTrue(gaveUp >= 0 && gaveUp < log.indexOf(READY), log);
  }

  private String lock() throws Exception {
    return Files.readString(duende.data().resolve("container.lock"));
  }
}
