package com.paiml.duende.linux.event;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.linux.Await;
import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NextWritesTest {
  @TempDir Path folder;
  private final Map<String, Throwable> faults = new ConcurrentHashMap<>();
  private final AtomicInteger told = new AtomicInteger();
  private EventLoop loop;
  private NextWrites writes;

  @BeforeEach
  void open() throws Exception {
    Linux linux = Here.linux();
    loop = linux.eventLoop("test loop", faults::put);
    writes = linux.nextWrites(loop);
  }

  @AfterEach
  void close() {
    if (writes != null) {
      writes.close();
    }
    if (loop != null) {
      loop.close();
    }
    assertEquals(Map.of(), faults);
  }

  private Path file(String name) throws Exception {
    return Files.writeString(folder.resolve(name), "before");
  }

  private static void append(Path file) throws Exception {
    Files.writeString(file, "more", StandardOpenOption.APPEND);
  }

  private void awaitTold(int times) throws Exception {
    Await.until("told " + times + " times", () -> told.get() >= times);
  }

  @Test
  void aWriteIsToldOnceUntilItIsAwaitedAgain() throws Exception {
    Path file = file("one");
    assertTrue(writes.await(file, told::incrementAndGet));
    append(file);
    awaitTold(1);
    append(file);
    append(file);

    assertTrue(writes.await(file, told::incrementAndGet));
    append(file);
    awaitTold(2);

    assertEquals(2, told.get());
  }

  @Test
  void eachFileHasItsOwnListener() throws Exception {
    Path quiet = file("quiet");
    Path busy = file("busy");
    AtomicInteger other = new AtomicInteger();
    assertTrue(writes.await(quiet, other::incrementAndGet));
    assertTrue(writes.await(busy, told::incrementAndGet));
    append(busy);
    awaitTold(1);
    assertEquals(0, other.get());
  }

  @Test
  void theLastListenerOfAFileIsTheOneThatIsTold() throws Exception {
    Path file = file("one");
    AtomicInteger first = new AtomicInteger();
    assertTrue(writes.await(file, first::incrementAndGet));
    assertTrue(writes.await(file, told::incrementAndGet));
    append(file);
    awaitTold(1);
    assertEquals(0, first.get());
  }

  @Test
  void aFileThatGoesOrGetsAnotherNameIsTold() throws Exception {
    Path gone = file("gone");
    Path moved = file("moved");
    assertTrue(writes.await(gone, told::incrementAndGet));
    assertTrue(writes.await(moved, told::incrementAndGet));
    Files.delete(gone);
    Files.move(moved, folder.resolve("elsewhere"));
    awaitTold(2);
  }

  @Test
  void aThousandFilesThatAreWrittenAtOnceAreAllTold() throws Exception {
    for (int i = 0; i < 1000; i++) {
      assertTrue(writes.await(file("f" + i), told::incrementAndGet));
    }
    for (int i = 0; i < 1000; i++) {
      append(folder.resolve("f" + i));
    }
    awaitTold(1000);
    assertEquals(1000, told.get());
  }

  @Test
  void aFileThatIsNotThereCannotBeAwaited() {
    assertFalse(writes.await(folder.resolve("none"), told::incrementAndGet));
  }

  @Test
  void nothingCanBeAwaitedAfterTheEnd() throws Exception {
    Path file = file("one");
    writes.close();
    assertFalse(writes.await(file, told::incrementAndGet));
  }
}
