package com.paiml.duende.adapter.wos.record;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.kernel.ExitStatus;
import com.paiml.duende.adapter.wos.kernel.Machine;
import com.paiml.duende.adapter.wos.kernel.Session;
import com.paiml.duende.adapter.wos.kernel.SessionSpec;
import com.paiml.duende.adapter.wos.kernel.Tape;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Signal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was recorded can be run again exactly. */
class RecordingTest {

  private static final long LARGE = 1L << 30;

  private final Machine m = new Machine(2);

  @AfterEach
  void close() {
    m.close();
  }

  private record Outcome(ExitStatus status, String output) {}

  private Outcome run(String module, Tape tape, String input, String... args) throws Exception {
    Machine.Log log = new Machine.Log();
    ExitStatus status =
        m.run(
            SessionSpec.of(module)
                .args(args)
                .input(input.getBytes(StandardCharsets.UTF_8))
                .output(log::write)
                .tape(tape),
            module);
    return new Outcome(status, log.text());
  }

  private Recorder record(Path file, String module, String... args) throws Exception {
    return Recorder.to(file, m.image(module), List.of(args), List.of(), LARGE);
  }

  @Test
  void given_a_program_of_chance_clock_and_input_when_it_is_replayed_then_it_does_the_same(
      @TempDir Path dir) throws Exception {
    Path file = dir.resolve("tape");
    Outcome first = run("random", record(file, "random", "random"), "one\ntwo\nthree\n", "random");
    for (int i = 0; i < 3; i++) {
      assertEquals(first, run("random", Player.of(file), "", "random"));
    }
    Outcome other = run("random", Tape.NONE, "one\ntwo\nthree\n", "random");
    assertTrue(
        !first.output().equals(other.output()), "without the recording it does something else");
  }

  @Test
  void given_a_program_with_children_pipes_and_queues_when_it_is_replayed_then_no_child_is_needed(
      @TempDir Path dir) throws Exception {
    Path file = dir.resolve("tape");
    Outcome first = run("family", record(file, "family", "family"), "", "family");
    long spawned = m.kernel.figures().spawned();
    assertEquals(first, run("family", Player.of(file), "", "family"));
    assertEquals(spawned + 1, m.kernel.figures().spawned());
  }

  @Test
  void given_a_program_that_handles_signals_when_it_is_replayed_then_they_come_at_the_same_place(
      @TempDir Path dir) throws Exception {
    Path file = dir.resolve("tape");
    Machine.Log log = new Machine.Log();
    Session session =
        m.start(
            SessionSpec.of("counter")
                .args("counter", "x")
                .output(log::write)
                .tape(record(file, "counter", "counter", "x")),
            "counter");
    Machine.await("it counts", () -> log.text().contains("count 10"));
    session.leader().signal(Signal.HUP);
    Machine.await("it reloads", () -> log.text().contains("reloaded"));
    session.leader().signal(Signal.TERM);
    ExitStatus status = session.await(Machine.PATIENCE);
    Outcome replayed = run("counter", Player.of(file), "", "counter", "x");
    assertEquals(new Outcome(status, log.text()), replayed);
  }

  @Test
  void given_a_program_that_was_killed_when_it_is_replayed_then_it_comes_as_far(@TempDir Path dir)
      throws Exception {
    Path file = dir.resolve("tape");
    Machine.Log log = new Machine.Log();
    Session session =
        m.start(
            SessionSpec.of("counter")
                .args("counter")
                .output(log::write)
                .tape(record(file, "counter", "counter")),
            "counter");
    Machine.await("it counts", () -> log.text().contains("count 10"));
    session.leader().signal(Signal.KILL);
    ExitStatus status = session.await(Machine.PATIENCE);
    assertEquals(new Outcome(status, log.text()), run("counter", Player.of(file), "", "counter"));
  }

  @Test
  void given_another_program_when_a_recording_is_played_to_it_then_the_first_difference_is_named(
      @TempDir Path dir) throws Exception {
    Path file = dir.resolve("tape");
    run("random", record(file, "random", "random"), "one\n", "random");
    Outcome other = run("family", Player.of(file), "", "family");
    ExitStatus.Trapped trapped = assertInstanceOf(ExitStatus.Trapped.class, other.status());
    assertTrue(trapped.what().contains("differs from its recording"), trapped.what());
  }

  @Test
  void given_a_file_that_is_no_recording_when_it_is_played_then_it_is_refused(@TempDir Path dir)
      throws Exception {
    Path file = Files.writeString(dir.resolve("text"), "some text");
    assertThrows(DaemonException.class, () -> Player.of(file));
    Path empty = Files.createFile(dir.resolve("empty"));
    assertThrows(DaemonException.class, () -> Player.of(empty));
  }

  @Test
  void given_a_largest_size_when_a_recording_reaches_it_then_the_program_goes_on(@TempDir Path dir)
      throws Exception {
    Path file = dir.resolve("tape");
    Image image = m.image("random");
    Recorder small = Recorder.to(file, image, List.of("random"), List.of(), 100);
    assertInstanceOf(ExitStatus.Exited.class, run("random", small, "one\n", "random").status());
    assertTrue(Files.size(file) < 4096);
  }
}
