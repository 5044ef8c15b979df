package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.testkit.Await;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A run is started as its spec says, or not at all. */
interface SpawnContract extends Contract {

  @Test
  default void a_spawned_daemon_runs() throws Exception {
    Run run = bench().start(new Behaviour.Sleeps());
    // What an engine has started may be a moment away from becoming the program, execve(2).
    Await.until("spawn returned, and its program runs", bench().patience(), () -> run.alive() > 0);
    assertEquals(
        PlatformStatus.State.RUNNING,
        bench().adapter().status(run.handle(), bench().deadline()).state());
    assertFalse(run.hasExited(), "it runs, and its exit stage has completed");
  }

  @Test
  default void a_handle_names_its_run_and_is_small_and_keeps_no_secret() throws Exception {
    LaunchSpec spec =
        bench()
            .spec(
                new Behaviour.Sleeps(), b -> b, bench().instance(), List.of("TOKEN=s3cr3t-value"));
    DaemonHandle handle = bench().start(spec).handle();
    assertEquals(bench().subject().platform(), handle.platform());
    assertEquals(spec.name(), handle.name());
    assertEquals(spec.id(), handle.id());
    assertEquals(spec.generation(), handle.generation());
    int size =
        handle.data().entrySet().stream()
            .mapToInt(e -> bytes(e.getKey()) + bytes(e.getValue()))
            .sum();
    assertTrue(size <= 16 << 10, () -> "a handle of " + size + " bytes");
    assertFalse(handle.data().toString().contains("s3cr3t"), "a secret in the handle");
  }

  @Test
  default void a_handle_that_was_written_down_and_read_again_is_as_good() throws Exception {
    Run run = bench().start(new Behaviour.Sleeps()).up();
    DaemonHandle read =
        new DaemonHandle(
            run.handle().platform(),
            run.handle().name(),
            run.handle().id(),
            run.handle().generation(),
            Map.copyOf(run.handle().data()));
    assertEquals(
        PlatformStatus.State.RUNNING, bench().adapter().status(read, bench().deadline()).state());
    bench().adapter().stop(read, Signal.TERM, StopContract.LONG);
    assertGone(run);
  }

  @Test
  @Tag("long")
  default void a_name_like_an_option_is_one_like_any_other_and_case_tells_names_apart()
      throws Exception {
    LaunchSpec lower = bench().named("-rf", new Behaviour.Sleeps());
    LaunchSpec upper = bench().named("-RF", new Behaviour.Sleeps());
    assumeFalse(
        Files.isSameFile(lower.stateDirectory(), upper.stateDirectory()),
        "this file system does not tell upper case from lower");
    Run one = bench().start(lower).up();
    Run other = bench().start(upper).up();
    bench().adapter().stop(one.handle(), Signal.TERM, StopContract.LONG);
    bench().adapter().destroy(one.handle(), bench().deadline());
    assertGone(one);
    assertEquals(
        PlatformStatus.State.RUNNING,
        bench().adapter().status(other.handle(), bench().deadline()).state());
    assertTrue(other.alive() > 0, "it was taken for the other");
  }

  @Test
  default void arguments_arrive_as_they_were_given() throws Exception {
    bench().require(Capability.LOGS);
    List<String> given =
        List.of("plain", "two words", "", "\"quoted\" 'twice'", "$HOME `id` \\", "ünïcödé ✓", "*");
    Run run = bench().start(new Behaviour.PrintsArguments(given));
    run.awaitLine("end");
    assertEquals(
        given.stream().map(a -> "<" + a + ">").toList(),
        run.lines().subList(0, run.lines().size() - 1));
  }

  @Test
  default void the_environment_is_what_the_spec_says_and_nothing_is_inherited() throws Exception {
    bench().require(Capability.LOGS);
    List<String> given = List.of("GREETING=hello  world", "EMPTY=", "WITH_EQUALS=a=b", "lower=x");
    LaunchSpec spec =
        bench().spec(new Behaviour.PrintsEnvironment(), b -> b, bench().instance(), given);
    Run run = bench().start(spec);
    run.awaitLine("end");
    List<String> seen = run.lines();
    for (String variable : spec.env()) {
      assertTrue(seen.contains(variable), () -> variable + " did not arrive; seen: " + seen);
    }
    // What a shell sets for itself, and what belongs to readiness and watchdog.
    Set<String> expected =
        new HashSet<>(
            Set.of(
                "PWD", "OLDPWD", "SHLVL", "_", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"));
    expected.addAll(bench().subject().platformVariables());
    spec.env().forEach(v -> expected.add(v.substring(0, v.indexOf('='))));
    Set<String> strangers = new TreeSet<>();
    for (String line : seen) {
      if (line.contains("=") && !expected.contains(line.substring(0, line.indexOf('=')))) {
        strangers.add(line);
      }
    }
    assertEquals(Set.of(), strangers, "variables that nobody gave it");
  }

  @Test
  default void it_runs_in_its_working_directory() throws Exception {
    bench().require(Capability.LOGS, Capability.WORKING_DIR);
    String directory = bench().subject().workingDirectory(bench().folder());
    Run run = bench().start(new Behaviour.PrintsDirectory(), b -> b.workingDir(directory));
    run.awaitLine("end");
    assertEquals(List.of(directory, "end"), run.lines());
  }

  @Test
  default void a_working_directory_that_is_not_there_is_refused() throws Exception {
    bench().require(Capability.WORKING_DIR);
    assumeProgram();
    LaunchSpec spec =
        bench().spec(new Behaviour.Sleeps(), b -> b.workingDir("/nonexistent/directory"));
    assertRefusedAndNothingLeft("a working directory that is not there", spec);
  }

  @Test
  default void what_does_not_exist_is_refused() throws Exception {
    LaunchSpec spec = bench().spec(new Behaviour.Missing());
    DaemonException refusal = assertRefusedAndNothingLeft("a payload that does not exist", spec);
    assertTrue(
        Set.of(ErrorCode.SPAWN, ErrorCode.NOT_FOUND, ErrorCode.IO, ErrorCode.CONFIGURATION)
            .contains(refusal.code()),
        () -> "code " + refusal.code());
  }

  @Test
  default void after_a_refusal_the_same_name_can_be_started() throws Exception {
    LaunchSpec spec = bench().spec(new Behaviour.Sleeps());
    Payload missing = bench().job(new Behaviour.Missing()).payload();
    assertRefused(
        "a payload that does not exist",
        () -> bench().start(spec.with(missing, List.of(), spec.env())));
    var run = bench().start(spec);
    // Between vfork and exec a process has no environment to be known by.
    Await.until("it runs", bench().patience(), () -> run.alive() > 0);
  }

  @Test
  default void a_path_that_is_too_long_is_refused() throws Exception {
    assertRefusedAndNothingLeft("a path too long", bench().spec(new Behaviour.TooLongPath()));
  }

  @Test
  default void a_circle_of_symbolic_links_is_refused() throws Exception {
    assertRefusedAndNothingLeft(
        "a circle of symbolic links", bench().spec(new Behaviour.SymlinkLoop()));
  }

  @Test
  default void a_variable_of_one_mebibyte_is_refused() throws Exception {
    assumeProgram();
    LaunchSpec spec =
        bench()
            .spec(
                new Behaviour.Sleeps(),
                b -> b,
                bench().instance(),
                List.of("HUGE=" + "x".repeat(1 << 20)));
    assertRefusedAndNothingLeft("a variable of 1 MiB", spec);
  }

  @Test
  default void an_environment_of_sixty_kibibytes_arrives() throws Exception {
    bench().require(Capability.LOGS);
    String big = "BIG=" + "y".repeat(60_000);
    Run run =
        bench()
            .start(
                bench()
                    .spec(
                        new Behaviour.PrintsEnvironment(),
                        b -> b,
                        bench().instance(),
                        List.of(big)));
    run.awaitLine("end");
    assertTrue(run.lines().contains(big), "it did not arrive whole");
  }

  @Test
  default void a_start_whose_deadline_has_passed_leaves_a_run_or_nothing() throws Exception {
    LaunchSpec spec = bench().spec(new Behaviour.Sleeps());
    RecordedEvents events = new RecordedEvents();
    try {
      DaemonHandle handle =
          bench().adapter().spawn(spec, events, Deadline.after(Duration.ofNanos(1)));
      assertTrue(bench().alive(spec) > 0, "it returned a handle, and nothing runs");
      bench().adapter().stop(handle, Signal.TERM, Duration.ofSeconds(1));
    } catch (DaemonException e) {
      assertEquals(ErrorCode.TIMEOUT, e.code(), e.getMessage());
    }
    assertEquals(0, bench().alive(spec), "something is left of it");
  }

  private void assumeProgram() {
    Payload.Kind kind = bench().subject().kind();
    assumeTrue(
        kind == Payload.Kind.PROGRAM || kind == Payload.Kind.IMAGE,
        "only for what the kernel executes");
  }

  @CanIgnoreReturnValue
  private DaemonException assertRefusedAndNothingLeft(String what, LaunchSpec spec)
      throws Exception {
    DaemonException refusal = assertRefused(what, () -> bench().start(spec));
    int length = refusal.toString().length();
    assertTrue(length < 8192, () -> "a message of " + length + " characters");
    Await.until("nothing runs", Duration.ofSeconds(1), () -> bench().alive(spec) == 0);
    assertEquals(List.of(), bench().subject().leftovers(spec), "left of what could not start");
    return refusal;
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
