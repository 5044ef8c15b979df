package com.paiml.duende.observe.monitor;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** What one number of the kernel tells of a process that sleeps. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class MemberTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final long PAGE = 4096;

  private final ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
  private final StatLine line = new StatLine();
  private final List<Process> started = new ArrayList<>();
  private final List<Member> members = new ArrayList<>();

  @BeforeEach
  void needs_the_schedulers_account() throws IOException {
    Path own = Path.of("/proc/self/schedstat");
    assumeTrue(
        Files.exists(own) && !Files.readString(own).startsWith("0 0 0"),
        "this kernel does not count how often a thread is given a processor");
  }

  @AfterEach
  void end() {
    members.forEach(Member::close);
    started.forEach(Process::destroyForcibly);
  }

  private Process start(String... command) throws IOException {
    Process process = new ProcessBuilder(command).start();
    started.add(process);
    return process;
  }

  private Member member(Process process) throws IOException {
    Path stat = Path.of("/proc", Long.toString(process.pid()), "stat");
    try (ProcFile file = ProcFile.open(stat)) {
      assertTrue(file.read(buffer) && line.parse(buffer));
    }
    Member member = new Member((int) process.pid(), line, true);
    members.add(member);
    return member;
  }

  private boolean look(Member member) {
    return member.look(line, buffer, PAGE, 1_000_000, true);
  }

  private boolean sleepsOn(Member member) {
    return look(member) && member.hasSlept(buffer) && member.hasSlept(buffer);
  }

  @Test
  void one_that_sleeps_is_known_to_and_one_that_was_woken_is_not() throws Exception {
    Process cat = start("/bin/cat");
    Member member = member(cat);
    assertFalse(member.hasSlept(buffer), "it was never looked at");
    Await.until("it waits for input", PATIENCE, () -> sleepsOn(member));

    cat.getOutputStream().write('\n');
    cat.getOutputStream().flush();

    assertTrue(cat.getInputStream().read() == '\n');
    assertFalse(member.hasSlept(buffer), "it has read and written since");
    Await.until("it waits for input again", PATIENCE, () -> sleepsOn(member));
  }

  @Test
  void one_that_never_leaves_its_processor_is_not_taken_for_asleep() throws Exception {
    Member busy = member(start("/bin/sh", "-c", "while :; do :; done"));
    assertTrue(look(busy));
    Await.until("its time has grown", PATIENCE, () -> !busy.hasSlept(buffer));
  }

  @Test
  void of_one_with_several_threads_it_is_not_known() throws Exception {
    Process jvm =
        start(Path.of(System.getProperty("java.home"), "bin/java").toString(), "-version");
    Member member = member(jvm);
    Await.until("it has threads or has ended", PATIENCE, () -> !look(member) || member.threads > 1);
    assertFalse(member.hasSlept(buffer));
  }

  @Test
  void one_that_has_ended_does_not_sleep() throws Exception {
    Process sleep = start("/bin/sleep", "1000");
    Member member = member(sleep);
    Await.until("it sleeps", PATIENCE, () -> sleepsOn(member));

    sleep.destroyForcibly();
    assertTrue(sleep.waitFor(PATIENCE.toSeconds(), java.util.concurrent.TimeUnit.SECONDS));

    assertFalse(member.hasSlept(buffer));
  }
}
