package com.paiml.duende.adapter.systemd.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What a unit uses, of a real process; a folder stands for its control group. */
@EnabledOnOs(OS.LINUX)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class UseTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Says one word, sleeps until it is told to go on, works for some hundredths of a second, and says the next. */
  private static final String WORKER =
      "echo ready; while read -r _; do i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo"
          + " done; done";

  @TempDir private Path folder;
  private Process worker;

  @BeforeEach
  void start() throws Exception {
    worker = new ProcessBuilder("sh", "-c", WORKER).start();
    assertEquals("ready", worker.inputReader().readLine());
    Files.createDirectories(folder.resolve("unit"));
    Files.writeString(folder.resolve("unit/cgroup.procs"), worker.pid() + "\n");
    kills(0);
    sleeps();
  }

  @AfterEach
  void end() throws InterruptedException {
    assertTrue(worker.destroyForcibly().waitFor() != 0);
  }

  private void sleeps() throws Exception {
    Await.until("it sleeps", PATIENCE, () -> ProcessFiles.stat(worker.pid())[0].equals("S"));
  }

  private void work() throws Exception {
    worker.outputWriter().write("go\n");
    worker.outputWriter().flush();
    assertEquals("done", worker.inputReader().readLine());
    sleeps();
  }

  private void kills(int count) throws IOException {
    Files.writeString(folder.resolve("unit/memory.oom_control"), "oom_kill " + count + "\n");
  }

  private UnitGroup group() {
    Map<String, Path> one =
        Map.of("name=systemd", folder, "memory", folder, "cpuacct", folder, "cpu", folder);
    return new UnitGroup(
        new Hierarchies(one, Optional.empty(), Set.of(), false, List.of()), "/unit");
  }

  private void account(long nanos) throws IOException {
    Files.writeString(folder.resolve("unit/cpuacct.usage"), nanos + "\n");
  }

  @Test
  void without_an_account_of_processor_time_a_unit_that_sleeps_is_not_read_again()
      throws Exception {
    Use use = new Use(0);
    long before = use.of(group()).cpuNanos();
    kills(1);

    assertEquals(0, use.of(group()).oomKills());
    assertEquals(before, use.of(group()).cpuNanos());
  }

  @Test
  void without_an_account_of_processor_time_a_unit_that_has_worked_is_read_again()
      throws Exception {
    Use use = new Use(0);
    long before = use.of(group()).cpuNanos();
    kills(1);
    work();

    assertEquals(1, use.of(group()).oomKills());
    assertTrue(use.of(group()).cpuNanos() > before);
  }

  @Test
  void a_process_more_is_seen_without_an_account() throws IOException {
    Use use = new Use(0);
    assertEquals(1, use.of(group()).processes());
    Files.writeString(
        folder.resolve("unit/cgroup.procs"),
        worker.pid() + "\n" + ProcessHandle.current().pid() + "\n");

    assertEquals(2, use.of(group()).processes());
  }

  @Test
  void with_an_account_that_alone_says_whether_it_is_read_again() throws Exception {
    Use use = new Use(0);
    account(1000);
    assertEquals(1000, use.of(group()).cpuNanos());
    kills(1);
    work();
    assertEquals(0, use.of(group()).oomKills());
    account(2000);

    assertEquals(1, use.of(group()).oomKills());
    assertEquals(2000, use.of(group()).cpuNanos());
  }

  @Test
  void of_a_unit_without_processes_all_is_read_each_time() throws IOException {
    Use use = new Use(0);
    Files.writeString(folder.resolve("unit/cgroup.procs"), "");
    assertEquals(0, use.of(group()).oomKills());
    kills(1);

    assertEquals(1, use.of(group()).oomKills());
  }
}
