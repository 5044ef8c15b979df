package com.paiml.duende.adapter.systemd.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.spi.UsageSample;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import java.util.stream.Stream;
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
  private static final long LONG = TimeUnit.HOURS.toNanos(1);

  /** Says one word, sleeps until it is told to go on, works for some hundredths of a second or takes memory, and says the next. */
  private static final String WORKER =
      "echo ready; while read -r what; do i=0; [ $what = go ] && while [ $i -lt 200000 ]; do"
          + " i=$((i+1)); done; [ $what = grow ] && x=$(head -c 8000000 /dev/zero | tr '\\0' x);"
          + " echo done; done";

  /** At least so much more, in bytes. */
  private static final long GROWN = 4_000_000;

  @TempDir private Path folder;
  private final Semaphore mayBeOpen = new Semaphore(1);
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
    Use use = new Use(mayBeOpen, 0, LONG);
    long before = use.of(group()).cpuNanos();
    kills(1);

    assertEquals(0, use.of(group()).oomKills());
    assertEquals(before, use.of(group()).cpuNanos());
  }

  @Test
  void without_an_account_of_processor_time_a_unit_that_has_worked_is_read_again()
      throws Exception {
    Use use = new Use(mayBeOpen, 0, LONG);
    long before = use.of(group()).cpuNanos();
    kills(1);
    work();

    assertEquals(1, use.of(group()).oomKills());
    assertTrue(use.of(group()).cpuNanos() > before);
  }

  @Test
  void a_process_more_is_seen_without_an_account() throws IOException {
    Use use = new Use(mayBeOpen, 0, LONG);
    assertEquals(1, use.of(group()).processes());
    Files.writeString(
        folder.resolve("unit/cgroup.procs"),
        worker.pid() + "\n" + ProcessHandle.current().pid() + "\n");

    assertEquals(2, use.of(group()).processes());
  }

  @Test
  void with_an_account_that_alone_says_whether_it_is_read_again() throws Exception {
    Use use = new Use(mayBeOpen, 0, LONG);
    account(1000);
    assertEquals(1000, use.of(group()).cpuNanos());
    kills(1);
    work();
    assertEquals(0, use.of(group()).oomKills());
    account(2000);

    assertEquals(1, use.of(group()).oomKills());
    assertEquals(2000, use.of(group()).cpuNanos());
  }

  /** As systemd has it where it tracks processes by version 2 and has the controllers of version 1: no account there. */
  private UnitGroup hybrid(String path) throws IOException {
    Path two = Files.createDirectories(folder.resolve("two"));
    Path none = Files.createDirectories(folder.resolve("one"));
    Map<String, Path> one =
        Map.of("name=systemd", folder, "memory", folder, "cpuacct", none, "cpu", none);
    return new UnitGroup(new Hierarchies(one, Optional.of(two), Set.of(), false, List.of()), path);
  }

  private void stat(String unit, long micros) throws IOException {
    Path of = Files.createDirectories(folder.resolve("two").resolve(unit));
    Files.writeString(of.resolve("cgroup.procs"), worker.pid() + "\n");
    Files.writeString(
        of.resolve("cpu.stat"),
        "usage_usec " + micros + "\nuser_usec 7\nsystem_usec 0\nnice_usec 0\n");
  }

  @Test
  void the_account_of_version_2_says_it_where_the_controllers_are_of_version_1() throws Exception {
    Use use = new Use(mayBeOpen, 0, LONG);
    stat("unit", 12);
    assertEquals(12_000, use.of(hybrid("/unit")).cpuNanos());
    kills(1);
    work();
    assertEquals(0, use.of(hybrid("/unit")).oomKills());
    stat("unit", 13);

    assertEquals(13_000, use.of(hybrid("/unit")).cpuNanos());
    assertEquals(1, use.of(hybrid("/unit")).oomKills());
  }

  @Test
  void another_group_is_not_told_from_the_account_of_the_one_before() throws Exception {
    Use use = new Use(mayBeOpen, 0, LONG);
    stat("unit", 12);
    stat("next", 500);
    assertEquals(12_000, use.of(hybrid("/unit")).cpuNanos());

    assertEquals(500_000, use.of(hybrid("/next")).cpuNanos());
  }

  @Test
  void when_its_account_is_gone_its_processes_are_asked() throws Exception {
    Use use = new Use(mayBeOpen, 0, LONG);
    stat("unit", 1_000_000_000);
    assertEquals(1_000_000_000_000L, use.of(hybrid("/unit")).cpuNanos());
    Files.delete(folder.resolve("two/unit/cpu.stat"));
    work();

    long own = use.of(hybrid("/unit")).cpuNanos();
    assertTrue(own > 0 && own < 1_000_000_000_000L, own + " ns");
    assertEquals(1, use.of(hybrid("/unit")).processes());
  }

  @Test
  void an_account_that_is_no_number_is_none() throws Exception {
    Use use = new Use(mayBeOpen, 0, LONG);
    stat("unit", 1);
    for (String text : List.of("", "nr_periods 5\n", "usage_usec x\n", "9999999999999999999\n")) {
      Files.writeString(folder.resolve("two/unit/cpu.stat"), text);
      work();
      long own = use.of(hybrid("/unit")).cpuNanos();
      assertTrue(own > 0 && own < 1_000_000_000_000L, "of \"" + text + "\": " + own + " ns");
    }
  }

  @Test
  void of_a_unit_without_processes_all_is_read_each_time() throws IOException {
    Use use = new Use(mayBeOpen, 0, LONG);
    Files.writeString(folder.resolve("unit/cgroup.procs"), "");
    assertEquals(0, use.of(group()).oomKills());
    kills(1);

    assertEquals(1, use.of(group()).oomKills());
  }

  @Test
  void the_memory_of_one_that_does_nothing_is_read_again_when_it_is_due() throws Exception {
    // The account stands still, whatever it does.
    account(1000);
    Use due = new Use(mayBeOpen, LONG, 0);
    Use notDue = new Use(mayBeOpen, LONG, LONG);
    long before = due.of(group()).memoryBytes();
    assertEquals(before, notDue.of(group()).memoryBytes());
    worker.outputWriter().write("grow\n");
    worker.outputWriter().flush();
    assertEquals("done", worker.inputReader().readLine());
    sleeps();

    assertTrue(due.of(group()).memoryBytes() >= before + GROWN);
    assertEquals(before, notDue.of(group()).memoryBytes());
    assertEquals(1000, due.of(group()).cpuNanos());
  }

  @Test
  void of_one_whose_processes_are_gone_they_are_looked_for_when_it_is_due() throws Exception {
    account(1000);
    Use use = new Use(mayBeOpen, 0, 0);
    assertEquals(1, use.of(group()).processes());
    end();
    Files.writeString(folder.resolve("unit/cgroup.procs"), "");

    assertEquals(0, use.of(group()).processes());
  }

  private static boolean stands(Use use, UsageSample known) {
    return use.stands(known, new byte[Use.READ], System.nanoTime());
  }

  @Test
  void what_was_said_stands_until_its_account_says_more() throws Exception {
    Use use = new Use(mayBeOpen, 0, LONG);
    account(1000);
    UsageSample first = use.of(group());
    assertTrue(stands(use, first));
    account(2000);
    assertFalse(stands(use, first));
    UsageSample second = use.of(group());

    assertTrue(stands(use, second));
    assertFalse(stands(use, first), "figures of before");
  }

  @Test
  void
      an_account_of_one_that_rests_is_kept_open_until_it_is_closed_or_there_is_another_of_its_name()
          throws Exception {
    Use use = new Use(mayBeOpen, 0, LONG);
    Use second = new Use(mayBeOpen, 0, LONG);
    account(1000);
    UsageSample said = use.of(group());
    UsageSample same = second.of(group());
    assertEquals(1, mayBeOpen.availablePermits());
    assertTrue(stands(use, said));
    assertTrue(stands(use, said));
    assertTrue(isOpen());
    assertEquals(0, mayBeOpen.availablePermits());
    assertTrue(stands(second, same), "where no more may be kept open");

    use.close();
    assertFalse(isOpen());
    assertEquals(1, mayBeOpen.availablePermits());
    stat("unit", 1);
    assertTrue(stands(second, same));
    assertTrue(isOpen());
    Files.delete(folder.resolve("unit/cpuacct.usage"));
    UsageSample other = second.of(hybrid("/unit"));
    assertFalse(isOpen(), "what is of no use any more");
    assertTrue(stands(second, other));
    second.close();
    assertEquals(1, mayBeOpen.availablePermits());
  }

  private boolean isOpen() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      for (Path descriptor : all.toList()) {
        try {
          if (Files.readSymbolicLink(descriptor).toString().contains(folder + "/unit/cpuacct")) {
            return true;
          }
        } catch (NoSuchFileException gone) {
          // It was that of the list.
        }
      }
    }
    return false;
  }

  @Test
  void what_was_said_does_not_stand_before_all_was_read_since_it_last_did_something()
      throws Exception {
    Use use = new Use(mayBeOpen, LONG, LONG);
    account(1000);
    UsageSample _ = use.of(group());
    account(2000);
    UsageSample details = use.of(group());

    assertFalse(stands(use, details));
  }

  @Test
  void what_was_said_stands_three_times_as_long_as_memory_and_not_without_an_account()
      throws Exception {
    account(1000);
    Use due = new Use(mayBeOpen, 0, TimeUnit.SECONDS.toNanos(20));
    UsageSample said = due.of(group());
    long now = System.nanoTime();
    assertTrue(due.stands(said, new byte[Use.READ], now + TimeUnit.SECONDS.toNanos(49)));
    assertFalse(due.stands(said, new byte[Use.READ], now + TimeUnit.SECONDS.toNanos(61)));
    Files.delete(folder.resolve("unit/cpuacct.usage"));
    Use without = new Use(mayBeOpen, 0, LONG);
    assertFalse(stands(without, without.of(group())));
    Use never = new Use(mayBeOpen, 0, LONG);
    assertFalse(stands(never, without.of(group())));
  }

  @Test
  void units_that_were_started_together_are_not_due_together() {
    long[] pauses = LongStream.generate(() -> Use.pause(LONG)).limit(200).toArray();

    assertTrue(LongStream.of(pauses).allMatch(p -> p >= LONG / 2 && p <= LONG));
    for (int part = 2; part < 4; part++) {
      long from = part * LONG / 4;
      long due = LongStream.of(pauses).filter(p -> p >= from && p < from + LONG / 4).count();
      assertTrue(due > 50 && due < 150, due + " of 200 in quarter " + part);
    }
  }
}
