package com.paiml.duende.falsification;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The installed distribution, when a process number that it has on record belongs to somebody else. */
@Falsification
class IdentityClaims {
  /** proc_sys_kernel(5): the number that was given last; the next process gets the one after it. */
  private static final Path LAST = Path.of("/proc/sys/kernel/ns_last_pid");

  private static final int TRIES = 2000;

  @TempDir Path folder;
  private Installed duende;
  private Optional<Process> stranger = Optional.empty();

  @BeforeEach
  void install() throws Exception {
    duende = new Installed(Scene.distribution(), folder);
  }

  @AfterEach
  void close() throws Exception {
    stranger.ifPresent(Process::destroyForcibly);
    duende.close();
  }

  @Test
  void f102_a_process_number_that_is_used_again_confuses_nothing(Attempt attempt) throws Exception {
    if (!isLastWritable()) {
      throw attempt.notRunHere("numbers cannot be chosen here: " + LAST + " is not writable");
    }
    duende.daemonFile(
        "victim",
        "name = \"victim\"\nbinary_path = \"/bin/sleep\"\nargs = [\"3600\"]\n"
            + "restart = \"always\"\nenv = [\""
            + duende.mark()
            + "\"]\n[backoff]\ninitial = \"10ms\"\n");
    duende.up();
    Await.until("it runs", Installed.PATIENCE, () -> pid("victim").isPresent());
    long number = pid("victim").orElseThrow();
    duende.killContainer();
    // Nobody watches: it dies, and a stranger gets its number.
    ProcessHandle dead = ProcessHandle.of(number).orElseThrow();
    dead.destroyForcibly();
    Await.until("it is gone", Installed.PATIENCE, () -> ProcessHandle.of(number).isEmpty());
    stranger = strangerWith(number);
    if (stranger.isEmpty()) {
      throw attempt.notRunHere("number " + number + " was always somebody else's");
    }
    Process other = stranger.get();
    duende.up();
    Await.until(
        "it runs again, by another number",
        Installed.PATIENCE,
        () -> pid("victim").isPresent() && pid("victim").get() != number);
    long next = pid("victim").orElseThrow();
    boolean spared = other.isAlive();
    String _ = duende.call("signal", "victim", "HUP").ok();
    Await.until(
        "the signal has reached the daemon",
        Installed.PATIENCE,
        () -> pid("victim").isPresent() && pid("victim").get() != next);
    String _ = duende.call("stop", "victim").ok();
    boolean sparedByAll = other.isAlive();
    attempt.behaviour(
        spared && sparedByAll,
        "number "
            + number
            + " of a daemon that died unwatched went to a stranger; the new container started the"
            + " daemon anew as "
            + next
            + "; the stranger lives: after the recovery "
            + spared
            + ", after signal and stop "
            + sparedByAll);
  }

  private static boolean isLastWritable() {
    try {
      Files.writeString(LAST, Files.readString(LAST).strip());
      return true;
    } catch (IOException refused) {
      return false;
    }
  }

  private Optional<Long> pid(String name) throws Exception {
    Matcher found =
        Pattern.compile("(?m)^" + name + "\\s.*").matcher(duende.call("ps", "-a").out());
    if (!found.find() || !found.group().contains("running")) {
      return Optional.empty();
    }
    return ProcessHandle.allProcesses()
        .filter(p -> found.group().matches(".*\\s" + p.pid() + "(\\s.*)?"))
        .filter(p -> p.info().command().map(c -> c.contains("sleep")).orElse(false))
        .map(ProcessHandle::pid)
        .findFirst();
  }

  /** Others start processes too, so it may take some attempts until that very number is ours. */
  private static Optional<Process> strangerWith(long number) throws Exception {
    for (int i = 0; i < TRIES; i++) {
      Files.writeString(LAST, Long.toString(number - 1));
      Process one = new ProcessBuilder("/bin/sleep", "3600").start();
      if (one.pid() == number) {
        return Optional.of(one);
      }
      one.destroyForcibly();
      if (!one.waitFor(1, TimeUnit.MINUTES)) {
        throw new AssertionError("a killed sleep does not end");
      }
    }
    return Optional.empty();
  }
}
