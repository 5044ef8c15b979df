package com.paiml.duende.adapter.wos.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.wos.ModuleWriter;
import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.fs.Preopen;
import com.paiml.duende.api.Signal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Modules that want to take from others what is not theirs: heap, files, processes, the manager's attention. */
class HostileTest {

  private static final long PAGE = 65536;

  private Machine m = new Machine(2);

  @AfterEach
  void nothing_is_left_over() {
    m.close();
    assertEquals(0, m.kernel.options().budget().used(), "memory given back");
    assertEquals(0, m.kernel.options().files().used(), "files given back");
    assertEquals(0, m.kernel.files().openFiles(), "files closed");
  }

  private void endsWith(Errno error, SessionSpec spec, String module) throws Exception {
    assertEquals(new ExitStatus.Exited(error.code()), m.run(spec, module));
  }

  @Test
  void given_a_memory_limit_when_a_module_makes_pipes_without_end_then_they_count_as_memory()
      throws Exception {
    SessionSpec spec = SessionSpec.of("pipes").limits(Limits.DEFAULT.withMemory(10 * PAGE));
    endsWith(Errno.NOMEM, spec, "pipes");
    endsWith(Errno.MFILE, SessionSpec.of("pipes"), "pipes");
  }

  @Test
  void given_a_memory_limit_when_a_module_fills_a_queue_then_its_messages_count_as_memory()
      throws Exception {
    SessionSpec spec = SessionSpec.of("messages").limits(Limits.DEFAULT.withMemory(10 * PAGE));
    endsWith(Errno.NOMEM, spec, "messages");
  }

  @Test
  void given_a_path_as_long_as_the_memory_when_it_is_opened_then_it_is_too_long(@TempDir Path dir)
      throws Exception {
    SessionSpec spec =
        SessionSpec.of("long_path").preopens(List.of(new Preopen(dir.toRealPath(), "/", false)));
    endsWith(Errno.NAMETOOLONG, spec, "long_path");
  }

  @Test
  void given_a_large_directory_when_it_is_listed_then_the_listing_counts_as_memory(
      @TempDir Path dir) throws Exception {
    for (int i = 0; i < 1000; i++) {
      Files.createFile(dir.resolve("file-" + i));
    }
    SessionSpec spec =
        SessionSpec.of("list").preopens(List.of(new Preopen(dir.toRealPath(), "/", false)));
    endsWith(Errno.SUCCESS, spec, "list");
    endsWith(Errno.NOMEM, spec.limits(Limits.DEFAULT.withMemory(3 * PAGE)), "list");
  }

  @Test
  void given_few_open_files_for_all_when_a_module_opens_many_then_others_can_still_open_some(
      @TempDir Path dir) throws Exception {
    m.close();
    m = new Machine(KernelOptions.standard(2).withFiles(40));
    Files.createFile(dir.resolve("f"));
    SessionSpec spec =
        SessionSpec.of("open_all").preopens(List.of(new Preopen(dir.toRealPath(), "/", false)));
    endsWith(Errno.NFILE, spec, "open_all");
    assertEquals(0, m.kernel.options().files().used());
  }

  @Test
  void given_processes_that_start_the_next_and_end_when_the_first_is_killed_then_the_chain_ends()
      throws Exception {
    for (int i = 0; i < 20; i++) {
      long before = m.kernel.figures().spawned();
      Session chain = m.start(SessionSpec.of("chain").endsWithLeader(true), "chain");
      Machine.await("it goes on", () -> m.kernel.figures().spawned() > before + 20);
      chain.leader().signal(Signal.KILL);
      assertEquals(new ExitStatus.Signalled(Signal.KILL), chain.await(Machine.PATIENCE));
      assertEquals(List.of(), m.kernel.processes());
    }
  }

  @Test
  void given_processes_that_start_the_next_and_end_when_all_are_killed_once_then_the_chain_ends()
      throws Exception {
    for (int i = 0; i < 20; i++) {
      long before = m.kernel.figures().spawned();
      Session chain = m.start("chain");
      Machine.await("it goes on", () -> m.kernel.figures().spawned() > before + 20);
      chain.signalAll(Signal.KILL);
      assertEquals(new ExitStatus.Signalled(Signal.KILL), chain.await(Machine.PATIENCE));
    }
  }

  @Test
  void
      given_a_daemon_with_many_dead_children_when_there_are_too_many_then_none_of_another_is_reaped()
          throws Exception {
    Session victim = m.start(SessionSpec.of("victim").args("zombies", "one"), "zombies");
    Machine.await("it has a dead child", () -> m.kernel.figures().zombies() == 1);
    int child =
        m.kernel.processes().stream()
            .filter(p -> p.status().isPresent())
            .findFirst()
            .orElseThrow()
            .pid();
    for (int i = 0; i < 3; i++) {
      Session hostile = m.start("zombies");
      Machine.await("it has left its children", () -> Machine.counter(hostile.leader()) == 1);
    }
    Machine.await(
        "their children are dead",
        () -> m.kernel.processes().stream().filter(p -> p.status().isEmpty()).count() == 4);
    assertTrue(m.kernel.figures().zombies() <= m.kernel.options().zombies());
    assertTrue(m.kernel.process(child).isPresent(), "the victim's child was reaped");
    victim.signalAll(Signal.KILL);
  }

  @Test
  void given_a_module_that_tells_its_status_without_end_then_the_manager_hears_it_at_a_pace()
      throws Exception {
    AtomicInteger told = new AtomicInteger();
    long began = System.nanoTime();
    Session chatter =
        m.start(
            SessionSpec.of("chatter")
                .events(
                    new SessionEvents() {
                      @Override
                      public void status(String text) {
                        told.incrementAndGet();
                      }
                    }),
            "chatter");
    Machine.await("it has told more than a burst", () -> told.get() >= 160);
    double seconds = (System.nanoTime() - began) / 1e9;
    assertTrue(seconds > 0.9, "160 times in " + seconds + " s");
    chatter.leader().signal(Signal.KILL);
    assertEquals(new ExitStatus.Signalled(Signal.KILL), chatter.await(Machine.PATIENCE));
  }

  @Test
  void given_a_start_function_without_end_when_it_is_killed_then_it_ends() throws Exception {
    Session session = m.start("start_section");
    Machine.await("it runs", () -> session.leader().cpu() > 1_000_000);
    session.leader().signal(Signal.TERM);
    assertEquals(new ExitStatus.Signalled(Signal.TERM), session.await(Machine.PATIENCE));
  }

  @Test
  void given_a_function_too_large_to_compile_when_it_spins_then_it_is_preempted_and_killed()
      throws Exception {
    m.close();
    m = new Machine(1);
    byte[] module = new ModuleWriter().function(ModuleWriter.hugeLoop()).bytes();
    Session huge =
        m.kernel.start(
            SessionSpec.of("huge"), m.kernel.images().get("huge", module, Machine.PATIENCE));
    Machine.await("it runs", () -> huge.leader().cpu() > 1_000_000);
    assertEquals(new ExitStatus.Exited(0), m.run(SessionSpec.of("hello"), "hello"));
    assertFalse(huge.leader().status().isPresent());
    huge.leader().signal(Signal.KILL);
    assertEquals(new ExitStatus.Signalled(Signal.KILL), huge.await(Machine.PATIENCE));
  }
}
