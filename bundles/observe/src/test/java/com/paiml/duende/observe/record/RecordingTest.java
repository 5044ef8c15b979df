package com.paiml.duende.observe.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.TraceSession.SyscallEvent;
import com.paiml.duende.spi.TraceSession.SyscallStats;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RecordingTest {
  @TempDir Path folder;

  private static Recording recording(long reads, long nanosEach) {
    return new Recording(
        "web",
        "by hand",
        Instant.ofEpochMilli(1_700_000_000_123L),
        2_000_000_000L,
        0.012,
        3,
        List.of(new SyscallStats("read", reads, 1, reads * nanosEach, 9 * nanosEach)),
        List.of(
            new SyscallEvent(
                5_000, 7, "read", "3, \"a\\x00\u20ac\"", 12, 1_500, List.of("main (a.c:3)")),
            new SyscallEvent(9_000, 8, "openat", "AT_FDCWD, \"/x\"", -2, 500, List.of())));
  }

  @Test
  void what_was_saved_is_opened_again() throws Exception {
    Path file = folder.resolve("r");
    RecordingFile.write(file, recording(10, 100));
    assertEquals(recording(10, 100), RecordingFile.read(file));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    try (var files = Files.list(folder)) {
      assertEquals(1, files.count());
    }
  }

  @Test
  void a_file_that_is_there_is_not_overwritten() throws Exception {
    Path file = Files.writeString(folder.resolve("r"), "precious");
    DaemonException e =
        assertThrows(DaemonException.class, () -> RecordingFile.write(file, recording(1, 1)));
    assertEquals(ErrorCode.ALREADY_EXISTS, e.code());
    assertEquals("precious", Files.readString(file));
  }

  @Test
  void of_several_that_write_the_same_file_at_once_one_does_and_nothing_else_is_left()
      throws Exception {
    int writers = 4;
    for (int round = 0; round < 50; round++) {
      Path file = folder.resolve("r" + round);
      CyclicBarrier together = new CyclicBarrier(writers);
      List<Future<Optional<Recording>>> results = new ArrayList<>();
      try (var threads = Executors.newFixedThreadPool(writers)) {
        for (int i = 1; i <= writers; i++) {
          Recording mine = recording(i, 1);
          results.add(
              threads.submit(
                  () -> {
                    together.await(60, TimeUnit.SECONDS);
                    try {
                      RecordingFile.write(file, mine);
                      return Optional.of(mine);
                    } catch (DaemonException e) {
                      assertEquals(ErrorCode.ALREADY_EXISTS, e.code());
                      return Optional.empty();
                    }
                  }));
        }
      }
      List<Recording> written = new ArrayList<>();
      for (Future<Optional<Recording>> result : results) {
        result.get().ifPresent(written::add);
      }
      assertEquals(List.of(RecordingFile.read(file)), written, "round " + round);
    }
    try (var files = Files.list(folder)) {
      assertEquals(50, files.count());
    }
  }

  @Test
  void of_a_recording_that_cannot_be_written_nothing_is_left() throws Exception {
    Recording whole = recording(1, 1);
    Recording broken =
        new Recording("web", null, whole.began(), 1, 0, 0, whole.sums(), whole.events());
    Path file = folder.resolve("r");
    assertThrows(RuntimeException.class, () -> RecordingFile.write(file, broken));
    try (var files = Files.list(folder)) {
      assertEquals(List.of(), files.toList());
    }
  }

  @Test
  void what_needs_more_memory_than_it_may_take_is_refused() throws Exception {
    Path file = folder.resolve("large.rec");
    RecordingFile.write(file, recording(1, 1));
    DaemonException large =
        assertThrows(DaemonException.class, () -> RecordingFile.read(file, new Room(100)));
    assertEquals(ErrorCode.RESOURCE_LIMIT, large.code());
    Room room = new Room(1000);
    var event = recording(1, 1).events().getFirst();
    int taken = 0;
    while (room.takes(event)) {
      taken++;
    }
    assertTrue(taken > 0 && taken < 10, "taken " + taken);
    assertFalse(room.takes(event));
  }

  @Test
  void a_file_that_is_cut_or_something_else_is_refused_in_one_sentence() throws Exception {
    Path whole = folder.resolve("r");
    RecordingFile.write(whole, recording(10, 100));
    byte[] bytes = Files.readAllBytes(whole);
    for (int length : new int[] {0, 5, 20, bytes.length / 2, bytes.length - 9}) {
      Path cut = Files.write(folder.resolve("cut"), Arrays.copyOf(bytes, length));
      DaemonException e =
          assertThrows(DaemonException.class, () -> RecordingFile.read(cut), "length " + length);
      assertTrue(e.getMessage().contains("not a whole recording"), e.getMessage());
    }
    Path other = Files.writeString(folder.resolve("other"), "hello");
    assertThrows(DaemonException.class, () -> RecordingFile.read(other));
    DaemonException absent =
        assertThrows(DaemonException.class, () -> RecordingFile.read(folder.resolve("none")));
    assertEquals(ErrorCode.NOT_FOUND, absent.code());
  }

  @Test
  void the_export_has_complete_events_in_microseconds() throws Exception {
    StringBuilder json = new StringBuilder();
    ChromeTrace.write(recording(1, 1), json);
    assertTrue(
        json.toString()
            .contains(
                "{\"name\":\"openat\",\"cat\":\"syscall\",\"ph\":\"X\",\"pid\":1,\"tid\":8,"
                    + "\"ts\":5.000,\"dur\":0.500,\"args\":{\"arguments\":\"AT_FDCWD, \\\"/x\\\"\","
                    + "\"result\":-2}}"),
        json.toString());
    assertTrue(json.toString().contains("\"stack\":\"main (a.c:3)\""), json.toString());
  }

  /** Python's parser is the judge of JSON. */
  @Test
  void the_export_is_json() throws Exception {
    Path file = folder.resolve("t.json");
    StringBuilder json = new StringBuilder();
    ChromeTrace.write(recording(1, 1), json);
    Files.writeString(file, json);
    Process python;
    try {
      python =
          new ProcessBuilder(
                  "python3",
                  "-c",
                  "import json,sys; t=json.load(open(sys.argv[1]));"
                      + " print(len(t['traceEvents']))",
                  file.toString())
              .redirectErrorStream(true)
              .start();
    } catch (java.io.IOException absent) {
      org.junit.jupiter.api.Assumptions.abort("no python3 is here: " + absent.getMessage());
      return;
    }
    String said =
        new String(python.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    assertEquals(0, python.waitFor(), said);
    assertEquals("3", said.strip());
  }

  @Test
  void a_comparison_names_what_changed() {
    List<Comparison.Change> same = Comparison.of(recording(100, 100), recording(105, 100));
    assertFalse(same.getFirst().isNotable());
    Comparison.Change slower = Comparison.of(recording(100, 100), recording(100, 1000)).getFirst();
    assertTrue(slower.isNotable());
    assertEquals(100, slower.meanBefore());
    assertEquals(1000, slower.meanAfter());
    assertEquals(50, slower.rateBefore());
  }
}
