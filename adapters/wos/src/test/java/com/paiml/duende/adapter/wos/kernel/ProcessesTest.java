package com.paiml.duende.adapter.wos.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.wos.fs.Preopen;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Signal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The process table, init, limits, pipes and queues, files. */
class ProcessesTest {

  private final Machine m = new Machine(2);
  private final Machine.Log log = new Machine.Log();

  @AfterEach
  void close() {
    m.close();
    assertEquals(0, m.kernel.options().budget().used(), "memory given back");
    assertEquals(0, m.kernel.files().openFiles(), "files closed");
  }

  @Test
  void given_a_program_with_children_when_it_runs_then_pipes_queues_and_waiting_work()
      throws Exception {
    ExitStatus status = m.run(SessionSpec.of("family").output(log::write), "family");
    assertEquals(
        "THROUGH A PIPE\nchild it ended with 7\nfirst message one\npid good\n",
        log.text(),
        status.describe());
    assertEquals(new ExitStatus.Exited(0), status);
  }

  /** F093. */
  @Test
  void given_a_child_when_its_parent_is_killed_then_init_adopts_it_and_reaps_it() throws Exception {
    Session session =
        m.start(SessionSpec.of("family").args("family", "parent").output(log::write), "family");
    Machine.await("the orphan is there", () -> log.text().contains("orphan "));
    int orphan = Integer.parseInt(log.text().replaceAll("\\D+", ""));
    WasmProcess parent = session.leader();
    WasmProcess child = m.kernel.process(orphan).orElseThrow();
    assertEquals(parent.pid(), child.parent());
    parent.signal(Signal.KILL);
    Machine.await("init adopts it", () -> child.parent() == Kernel.INIT);
    assertTrue(child.status().isEmpty(), "it lives on");
    assertTrue(m.kernel.process(parent.pid()).isEmpty(), "its parent was reaped");
    child.signal(Signal.KILL);
    assertEquals(new ExitStatus.Signalled(Signal.KILL), session.await(Machine.PATIENCE));
    assertTrue(m.kernel.processes().isEmpty(), "the child was reaped");
    assertEquals(m.kernel.figures().spawned(), m.kernel.figures().reaped());
  }

  @Test
  void given_a_session_that_ends_with_its_leader_when_the_leader_ends_then_nothing_is_left()
      throws Exception {
    Session session =
        m.start(
            SessionSpec.of("family")
                .args("family", "parent")
                .endsWithLeader(true)
                .output(log::write),
            "family");
    Machine.await("the orphan is there", () -> log.text().contains("orphan "));
    session.leader().signal(Signal.TERM);
    assertEquals(new ExitStatus.Signalled(Signal.TERM), session.await(Machine.PATIENCE));
    assertTrue(m.kernel.processes().isEmpty());
  }

  @Test
  void given_a_fork_bomb_when_it_goes_off_then_its_session_alone_reaches_its_limit()
      throws Exception {
    List<String> reached = new ArrayList<>();
    SessionSpec spec =
        SessionSpec.of("bomb")
            .args("family", "bomb")
            .endsWithLeader(true)
            .limits(Limits.DEFAULT.withProcesses(20))
            .events(
                new SessionEvents() {
                  @Override
                  public synchronized void limitReached(String resource, String detail) {
                    reached.add(resource);
                  }
                });
    Session bomb = m.start(spec, "family");
    Machine.await("refused", () -> !reached.isEmpty());
    assertTrue(bomb.members().size() <= 20);
    assertEquals(
        new ExitStatus.Exited(0), m.run(SessionSpec.of("hello").output(log::write), "hello"));
    bomb.leader().signal(Signal.KILL);
    bomb.await(Machine.PATIENCE);
    assertTrue(m.kernel.processes().isEmpty());
    assertEquals("pids", reached.getFirst());
  }

  /** F094: init is one of the thousand. */
  @Test
  void
      given_a_thousand_processes_when_one_more_is_wanted_then_it_is_refused_and_the_kernel_is_intact()
          throws Exception {
    List<Session> sessions = new ArrayList<>();
    for (int i = 0; i < 999; i++) {
      sessions.add(m.start("sleep"));
    }
    DaemonException refused = assertThrows(DaemonException.class, () -> m.start("sleep"));
    assertEquals(ErrorCode.RESOURCE_LIMIT, refused.code());
    assertTrue(refused.getMessage().contains("1000 WebAssembly processes"), refused.getMessage());
    sessions.getFirst().leader().signal(Signal.KILL);
    sessions.getFirst().await(Machine.PATIENCE);
    assertEquals(
        new ExitStatus.Exited(0), m.run(SessionSpec.of("hello").output(log::write), "hello"));
    for (Session s : sessions) {
      s.signalAll(Signal.KILL);
    }
    for (Session s : sessions) {
      s.await(Machine.PATIENCE);
    }
    assertEquals(1, m.kernel.figures().processes(), "init alone is left");
  }

  private SessionSpec boxed(String name, Path dir) throws Exception {
    Path box = Files.createDirectories(dir.resolve("box/sub")).getParent();
    Path shelf = Files.createDirectories(dir.resolve("shelf"));
    Files.writeString(dir.resolve("secret.txt"), "SECRET");
    Files.writeString(box.resolve("in.txt"), "inside");
    Files.writeString(shelf.resolve("book.txt"), "a book");
    Files.createSymbolicLink(box.resolve("link_out"), Path.of("../secret.txt"));
    Files.createSymbolicLink(box.resolve("link_dir"), Path.of(".."));
    Files.createSymbolicLink(box.resolve("link_absolute"), Path.of("/etc/passwd"));
    Files.createSymbolicLink(box.resolve("link_in"), Path.of("sub/../in.txt"));
    return SessionSpec.of(name)
        .output(log::write)
        .preopens(List.of(new Preopen(box, "/box", false), new Preopen(shelf, "/shelf", true)));
  }

  @Test
  void given_preopened_directories_when_a_program_tries_to_leave_them_then_it_cannot(
      @TempDir Path dir) throws Exception {
    ExitStatus status = m.run(boxed("escape", dir.toRealPath()), "escape");
    assertEquals(new ExitStatus.Exited(0), status, log.text());
    assertTrue(!log.text().contains("SECRET") && !log.text().contains("root:"), log.text());
    assertTrue(log.text().contains("read /box/in.txt: got inside"), log.text());
    assertTrue(log.text().contains("read /box/sub/../in.txt: got inside"), log.text());
    assertTrue(log.text().contains("read /box/link_in: got inside"), log.text());
    assertTrue(log.text().contains("read /shelf/book.txt: got a book"), log.text());
    assertTrue(log.text().contains("write inside: done"), log.text());
    assertTrue(log.text().contains("read /box/new.txt: got new"), log.text());
    assertTrue(log.text().contains("unlink read-only: Capabilities insufficient"), log.text());
    assertTrue(log.text().contains("openat replaced: Not a directory"), log.text());
    assertEquals("SECRET", Files.readString(dir.resolve("secret.txt")));
    assertEquals("a book", Files.readString(dir.resolve("shelf/book.txt")));
    assertTrue(Files.notExists(dir.resolve("stolen.txt")) && Files.notExists(dir.resolve("evil")));
    assertTrue(Files.notExists(dir.resolve("shelf/new.txt")));
  }

  @Test
  void given_a_descriptor_limit_when_it_is_reached_then_opening_fails_with_EMFILE(@TempDir Path dir)
      throws Exception {
    SessionSpec spec = boxed("descriptors", dir.toRealPath());
    assertEquals(new ExitStatus.Exited(0), m.run(spec, "descriptors"));
    assertEquals("opened " + (256 - 5) + ", then No file descriptors available\n", log.text());
  }

  @Test
  void given_a_log_flood_when_it_comes_then_others_run_and_it_can_be_killed() throws Exception {
    long[] bytes = new long[1];
    Session flood =
        m.start(SessionSpec.of("flood").output((data, from, n) -> bytes[0] += n), "flood");
    Machine.await("it floods", () -> bytes[0] > 1_000_000);
    assertEquals(
        new ExitStatus.Exited(0), m.run(SessionSpec.of("hello").output(log::write), "hello"));
    flood.leader().signal(Signal.KILL);
    flood.await(Machine.PATIENCE);
  }

  @Test
  void given_the_same_seed_when_a_program_draws_random_numbers_then_they_are_the_same()
      throws Exception {
    String first = random(7);
    assertEquals(first, random(7));
    assertTrue(!first.equals(random(8)));
  }

  private String random(long seed) throws Exception {
    Machine.Log out = new Machine.Log();
    m.run(
        SessionSpec.of("random")
            .seed(seed)
            .input("a\n".getBytes(StandardCharsets.UTF_8))
            .output(out::write),
        "random");
    return out.text().substring(0, 16);
  }
}
