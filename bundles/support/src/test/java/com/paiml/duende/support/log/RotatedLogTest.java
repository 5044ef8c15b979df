package com.paiml.duende.support.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RotatedLogTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path folder;

  private Path file() {
    return folder.resolve("logs/web.log");
  }

  private static void write(RotatedLog log, String text) throws Exception {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    assertTrue(log.append(bytes, 0, bytes.length));
  }

  private static List<String> lines(RotatedLog log, int last) throws Exception {
    List<String> lines = new ArrayList<>();
    try (LogReader reader = new LogReader(log, new LogQuery(last, Optional.empty(), false))) {
      while (!reader.isDone()) {
        reader.next(Deadline.after(PATIENCE)).map(LogLine::text).ifPresent(lines::add);
      }
    }
    return lines;
  }

  private static List<String> numbers(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "line " + i).toList();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1000})
  void given_lines_in_pieces_of_any_size_when_files_fill_then_each_begins_and_ends_with_a_line(
      int piece) throws Exception {
    String all = String.join("\n", numbers(0, 1000)) + "\n";
    try (RotatedLog log = new RotatedLog(file(), 2000, 2)) {
      for (int at = 0; at < all.length(); at += piece) {
        write(log, all.substring(at, Math.min(all.length(), at + piece)));
      }
      String kept = "";
      for (String name : List.of("web.log.2", "web.log.1", "web.log")) {
        String text = Files.readString(file().resolveSibling(name));
        assertTrue(text.endsWith("\n") && text.startsWith("line "), name);
        assertTrue(text.length() <= 2000 + "line 999\n".length(), () -> name + text.length());
        kept += text;
      }
      assertTrue(all.endsWith(kept));
      assertFalse(Files.exists(file().resolveSibling("web.log.3")));
      assertEquals(kept.lines().toList(), lines(log, -1));
      assertEquals(numbers(997, 1000), lines(log, 3));
      assertEquals(List.of(), lines(log, 0));
      assertEquals(kept.lines().toList(), lines(log, 100_000));
    }
  }

  @Test
  void given_no_archives_to_be_kept_when_the_file_is_full_then_it_begins_anew() throws Exception {
    try (RotatedLog log = new RotatedLog(file(), 20, 0)) {
      write(log, "0123456789012345678\n");
      write(log, "next\n");
      assertEquals("next\n", Files.readString(file()));
      assertEquals(20, log.oldest());
      assertEquals(25, log.end());
      assertEquals(1, log.rotations());
    }
  }

  @Test
  void given_a_line_without_an_end_then_the_file_has_a_bound_all_the_same() throws Exception {
    byte[] piece = "x".repeat(1 << 16).getBytes(StandardCharsets.UTF_8);
    try (RotatedLog log = new RotatedLog(file(), 1000, 1)) {
      for (int i = 0; i < 50; i++) {
        assertTrue(log.append(piece, 0, piece.length));
      }
      assertTrue(Files.size(file()) <= (1 << 20) + 1000 + piece.length);
      assertTrue(log.newestArchive() <= (1 << 20) + 1000 + piece.length);
    }
  }

  @Test
  void given_a_log_of_an_earlier_run_when_it_is_opened_again_then_its_lines_are_read_too()
      throws Exception {
    try (RotatedLog log = new RotatedLog(file(), 100, 3)) {
      for (String line : numbers(0, 30)) {
        write(log, line + "\n");
      }
    }
    try (RotatedLog log = new RotatedLog(file(), 100, 3)) {
      write(log, "again\n");
      List<String> lines = lines(log, 5);
      assertEquals("again", lines.getLast());
      assertEquals(numbers(26, 30), lines.subList(0, 4));
    }
  }

  @Test
  void given_a_follower_when_lines_come_then_it_has_each_once_and_ends_with_the_log()
      throws Exception {
    RotatedLog log = new RotatedLog(file(), 500, 50);
    write(log, "old\nhalf ");
    CompletableFuture<List<String>> followed = new CompletableFuture<>();
    LogReader reader = new LogReader(log, new LogQuery(0, Optional.empty(), true));
    Thread.startVirtualThread(
        () -> {
          try (reader) {
            List<String> lines = new ArrayList<>();
            while (!reader.isDone()) {
              reader.next(Deadline.after(PATIENCE)).map(LogLine::text).ifPresent(lines::add);
            }
            followed.complete(lines);
          } catch (Exception e) {
            followed.completeExceptionally(e);
          }
        });
    write(log, "a line\n");
    for (String line : numbers(0, 500)) {
      write(log, line + "\n");
    }
    write(log, "unfinished");
    log.close();
    List<String> expected = new ArrayList<>(List.of("half a line"));
    expected.addAll(numbers(0, 500));
    expected.add("unfinished");
    assertEquals(expected, followed.get(60, TimeUnit.SECONDS));
  }

  @Test
  void given_a_reader_that_is_slow_when_what_it_was_at_is_dropped_then_it_goes_on_with_whole_lines()
      throws Exception {
    try (RotatedLog log = new RotatedLog(file(), 100_000, 1)) {
      String line = "y".repeat(99) + "\n";
      for (int i = 0; i < 1000; i++) {
        write(log, line);
      }
      LogReader reader = new LogReader(log, new LogQuery(-1, Optional.empty(), false));
      assertEquals(line.strip(), reader.next(Deadline.after(PATIENCE)).orElseThrow().text());
      for (int i = 0; i < 3000; i++) {
        write(log, line);
      }
      while (!reader.isDone()) {
        reader
            .next(Deadline.after(PATIENCE))
            .ifPresent(next -> assertEquals(line.strip(), next.text()));
      }
    }
  }

  @Test
  void given_two_runs_of_a_daemon_then_they_share_its_log_and_the_last_one_closes_it()
      throws Exception {
    try (RotatedLogs logs = new RotatedLogs()) {
      RotatedLog first = logs.join(file(), 100, 1);
      assertSame(first, logs.join(file(), 100, 1));
      logs.leave(first);
      write(first, "still\n");
      logs.leave(first);
      assertTrue(first.isClosed());
      assertFalse(first.append(new byte[1], 0, 1));
      assertEquals("still\n", Files.readString(file()));
    }
  }
}
