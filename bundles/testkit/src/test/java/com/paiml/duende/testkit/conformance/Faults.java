package com.paiml.duende.testkit.conformance;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogSource;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.spi.TableSchema;
import com.paiml.duende.spi.TraceTarget;
import com.paiml.duende.spi.UsageSample;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** One fault at least for each promise. */
final class Faults {
  private final List<Fault> all = new ArrayList<>();

  static List<Fault> all() {
    Faults f = new Faults();
    f.ofFingerprints();
    f.ofSpawn();
    f.ofExit();
    f.ofStop();
    f.ofPauseAndSignals();
    f.ofLimitsAndUsage();
    f.ofLogs();
    f.ofReadinessAndExec();
    f.ofRecovery();
    f.ofDeactivationAndConcurrency();
    return f.all;
  }

  private void ofFingerprints() {
    add(
        "the_platform_is_there_or_the_fingerprint_says_why_not",
        "is absent without a reason",
        "fingerprint",
        (a, x) -> Fingerprint.absent(""));
    add(
        "what_is_missing_has_a_reason_and_is_not_declared_as_well",
        "lacks something without a reason",
        "fingerprint",
        (a, x) -> missing(a, Map.of(Capability.TRACE, "")));
    add(
        "what_is_missing_has_a_reason_and_is_not_declared_as_well",
        "lacks what it declares",
        "fingerprint",
        (a, x) -> missing(a, Map.of(Capability.LOGS, "no files")));
    add(
        "a_fingerprint_answers_even_when_its_deadline_has_passed",
        "says nothing once its deadline has passed",
        "fingerprint",
        (a, x) ->
            ((Deadline) x[0]).hasPassed()
                ? Fingerprint.absent("")
                : a.fingerprint((Deadline) x[0]));
    add(
        "the_table_of_the_daemon_file_is_described",
        "describes another's table",
        "schema",
        (a, x) -> new TableSchema("another", List.of()));
    add(
        "what_is_not_declared_is_refused_by_name",
        "does in silence what it does not declare",
        "traceTarget",
        (a, x) -> new TraceTarget("nothing", List.of(), ""));
  }

  private static Fingerprint missing(ReferenceAdapter a, Map<Capability, String> missing) {
    Fingerprint f = a.fingerprint(soon());
    return new Fingerprint(true, "1", false, "", f.capabilities(), missing, Map.of());
  }

  private void ofSpawn() {
    add(
        "a_spawned_daemon_runs",
        "returns a handle of what does not run",
        "spawn",
        (a, x) -> {
          DaemonHandle handle = spawn(a, x);
          a.kill(handle, soon());
          return handle;
        });
    add(
        "a_handle_names_its_run_and_is_small_and_keeps_no_secret",
        "keeps the environment in the handle",
        "spawn",
        (a, x) -> {
          DaemonHandle handle = spawn(a, x);
          Map<String, String> data = new HashMap<>(handle.data());
          data.put("env", ((LaunchSpec) x[0]).env().toString());
          return new DaemonHandle(
              handle.platform(), handle.name(), handle.id(), handle.generation(), data);
        });
    add(
        "a_handle_that_was_written_down_and_read_again_is_as_good",
        "knows its handles by identity",
        () -> {
          Set<Object> known = Collections.newSetFromMap(new IdentityHashMap<>());
          return Map.of(
              "spawn",
              (a, x) -> {
                DaemonHandle handle = spawn(a, x);
                known.add(handle);
                return handle;
              },
              "status",
              (a, x) -> {
                if (!known.contains(x[0])) {
                  throw refusal(ErrorCode.NOT_FOUND);
                }
                return a.status((DaemonHandle) x[0], soon());
              });
        });
    add(
        "a_name_like_an_option_is_one_like_any_other_and_case_tells_names_apart",
        "takes one name for another that differs in case",
        () -> {
          Map<String, DaemonHandle> last = new ConcurrentHashMap<>();
          return Map.of(
              "spawn",
              (a, x) -> {
                DaemonHandle handle = spawn(a, x);
                last.put(handle.name().toLowerCase(Locale.ROOT), handle);
                return handle;
              },
              "stop",
              (a, x) -> {
                DaemonHandle asked = (DaemonHandle) x[0];
                DaemonHandle taken =
                    last.getOrDefault(asked.name().toLowerCase(Locale.ROOT), asked);
                a.stop(taken, (Signal) x[1], (Duration) x[2]);
                return null;
              });
        });
    respec(
        "arguments_arrive_as_they_were_given",
        "drops empty arguments",
        s ->
            s.with(s.payload(), s.args().stream().filter(arg -> !arg.isEmpty()).toList(), s.env()));
    respec(
        "the_environment_is_what_the_spec_says_and_nothing_is_inherited",
        "lets a variable through",
        s -> env(s, e -> true, "JAVA_HOME=/somewhere"));
    respec(
        "the_environment_is_what_the_spec_says_and_nothing_is_inherited",
        "drops empty variables",
        s -> env(s, e -> !e.endsWith("=")));
    respec(
        "it_runs_in_its_working_directory",
        "ignores the working directory",
        s -> config(s, b -> b.workingDir("")));
    respec(
        "a_working_directory_that_is_not_there_is_refused",
        "runs elsewhere when the directory is not there",
        s -> config(s, b -> b.workingDir("")));
    for (String broken :
        List.of(
            "what_does_not_exist_is_refused",
            "a_path_that_is_too_long_is_refused",
            "a_circle_of_symbolic_links_is_refused")) {
      add(
          broken,
          "takes what cannot be started for started",
          "spawn",
          (a, x) -> {
            LaunchSpec s = (LaunchSpec) x[0];
            return a.spawn(
                s.with(new Payload.Program("/bin/false"), List.of(), s.env()),
                (AdapterEvents) x[1],
                soon());
          });
    }
    add(
        "what_does_not_exist_is_refused",
        "leaves a file of a start that failed",
        "spawn",
        (a, x) -> {
          Files.writeString(((LaunchSpec) x[0]).runDirectory().resolve("leftover"), "");
          return spawn(a, x);
        });
    add(
        "what_does_not_exist_is_refused",
        "refuses without a remedy",
        "spawn",
        (a, x) -> {
          throw new DaemonException(ErrorCode.SPAWN, "it", "does not start", "");
        });
    add(
        "after_a_refusal_the_same_name_can_be_started",
        "keeps the name of a start that failed",
        () -> {
          Set<String> names = new HashSet<>();
          return Map.of(
              "spawn",
              (a, x) -> {
                if (!names.add(((LaunchSpec) x[0]).name())) {
                  throw refusal(ErrorCode.ALREADY_EXISTS);
                }
                return spawn(a, x);
              });
        });
    respec(
        "a_variable_of_one_mebibyte_is_refused",
        "drops what is too large",
        s -> env(s, e -> e.length() < 1 << 20));
    respec(
        "an_environment_of_sixty_kibibytes_arrives",
        "cuts the environment",
        s -> env(s, e -> e.length() < 4096));
    add(
        "a_start_whose_deadline_has_passed_leaves_a_run_or_nothing",
        "gives up and leaves the run",
        "spawn",
        (a, x) -> {
          var _ = spawn(a, x);
          throw refusal(ErrorCode.TIMEOUT);
        });
  }

  private void ofExit() {
    exit("exit_0_is_graceful", "does not know", r -> new ExitReason.Unknown(""));
    exit("every_other_exit_code_is_told", "tells 1 for all", r -> new ExitReason.Failure(1, ""));
    exit(
        "a_signal_that_ended_it_is_told",
        "tells signals as codes",
        r ->
            r instanceof ExitReason.Signalled s ? new ExitReason.Failure(128 + s.signal(), "") : r);
    exit("the_exit_stage_is_the_same_at_each_call", "makes a new stage each time", r -> r);
    untended(
        "the_exit_stage_completes_only_when_the_whole_tree_is_gone",
        "completes when the main process ends");
    add(
        "who_hears_of_an_end_may_call_the_adapter_there",
        "tells ends on the thread that has to hear its platform's answers",
        () -> {
          Executor hearing = Executors.newSingleThreadExecutor(Thread.ofVirtual().factory());
          return Map.of(
              "exit",
              (a, x) -> a.exit((DaemonHandle) x[0]).thenApplyAsync(r -> r, hearing),
              "destroy",
              (a, x) -> {
                try {
                  CompletableFuture.runAsync(() -> {}, hearing).get(1, TimeUnit.SECONDS);
                } catch (TimeoutException deaf) {
                  throw refusal(ErrorCode.TIMEOUT);
                }
                a.destroy((DaemonHandle) x[0], soon());
                return null;
              });
        });
    add(
        "after_its_end_it_is_ended_and_reaped",
        "takes the dead for living",
        "status",
        (a, x) -> state(a, x, PlatformStatus.State.RUNNING));
    add(
        "a_signal_to_what_has_ended_is_refused",
        "swallows that a signal went nowhere",
        "signal",
        (a, x) -> swallow(() -> a.signal((DaemonHandle) x[0], (Signal) x[1], soon())));
  }

  private void ofStop() {
    add(
        "stop_ends_what_obeys_and_returns_when_it_is_gone",
        "returns once the signal is sent",
        "stop",
        (a, x) -> {
          // As it were: the answer comes before the end.
          a.status((DaemonHandle) x[0], soon());
          return null;
        });
    stop("stop_waits_for_what_takes_its_time", "kills at once", (a, h) -> a.kill(h, soon()));
    stop(
        "stop_kills_what_ignores_it_after_the_timeout_and_not_before",
        "kills at once",
        (a, h) -> a.kill(h, soon()));
    stop(
        "stop_kills_what_ignores_it_after_the_timeout_and_not_before",
        "gives up after the timeout",
        (a, h) -> {
          a.signal(h, Signal.TERM, soon());
          Thread.sleep(1600);
        });
    add(
        "what_ignores_stop_and_cannot_be_killed_is_told_as_abandoned",
        "forgets what it cannot kill",
        () ->
            Map.of(
                "fingerprint",
                (a, x) -> {
                  Fingerprint f = a.fingerprint(soon());
                  Set<Capability> can = new HashSet<>(f.capabilities().get(Payload.Kind.PROGRAM));
                  can.remove(Capability.KILL);
                  return new Fingerprint(
                      true, "1", false, "", Map.of(Payload.Kind.PROGRAM, can), Map.of(), Map.of());
                }));
    stop(
        "stop_with_no_time_kills_at_once",
        "only asks when there is no time",
        (a, h) -> a.signal(h, Signal.TERM, soon()));
    untended("stop_ends_the_whole_tree", "ends the main process only");
    stop(
        "stop_sends_the_signal_that_was_asked_for",
        "sends TERM whatever was asked for",
        (a, h) -> a.stop(h, Signal.TERM, Duration.ofSeconds(5)));
    for (String broken :
        List.of("stop_and_kill_of_what_has_ended_are_harmless", "a_second_stop_is_harmless")) {
      stop(
          broken,
          "complains that it has ended",
          (a, h) -> {
            if (a.status(h, soon()).state() == PlatformStatus.State.ENDED) {
              throw refusal(ErrorCode.INVALID_STATE);
            }
            a.stop(h, Signal.TERM, Duration.ofSeconds(5));
          });
    }
    untended("kill_ends_the_whole_tree", "kills the main process only");
    add(
        "kill_overtakes_a_stop_in_progress",
        "does one thing after the other",
        () -> {
          ReentrantLock lock = new ReentrantLock();
          return Map.of(
              "stop",
              (a, x) -> {
                lock.lock();
                try {
                  a.stop((DaemonHandle) x[0], (Signal) x[1], (Duration) x[2]);
                } finally {
                  lock.unlock();
                }
                return null;
              },
              "kill",
              (a, x) -> {
                if (!lock.tryLock(1, TimeUnit.SECONDS)) {
                  throw refusal(ErrorCode.TIMEOUT);
                }
                lock.unlock();
                a.kill((DaemonHandle) x[0], soon());
                return null;
              });
        });
    add(
        "destroy_removes_what_is_left_and_does_so_twice",
        "destroys nothing",
        "destroy",
        (a, x) -> null);
    add(
        "destroy_removes_what_is_left_and_does_so_twice",
        "complains when it has been destroyed",
        () -> {
          Set<Object> destroyed = new HashSet<>();
          return Map.of(
              "destroy",
              (a, x) -> {
                if (!destroyed.add(x[0])) {
                  throw refusal(ErrorCode.NOT_FOUND);
                }
                a.destroy((DaemonHandle) x[0], soon());
                return null;
              });
        });
  }

  private void ofPauseAndSignals() {
    add(
        "pause_stops_the_whole_tree_and_resume_lets_it_go_on",
        "stops the main process only",
        "pause",
        (a, x) -> {
          a.signal((DaemonHandle) x[0], Signal.STOP, soon());
          return null;
        });
    add(
        "pause_stops_the_whole_tree_and_resume_lets_it_go_on",
        "resumes the main process only",
        "resume",
        (a, x) -> {
          a.signal((DaemonHandle) x[0], Signal.CONT, soon());
          return null;
        });
    add(
        "pause_and_resume_twice_are_harmless",
        "complains that it is paused",
        "pause",
        (a, x) -> {
          DaemonHandle h = (DaemonHandle) x[0];
          if (a.status(h, soon()).state() == PlatformStatus.State.PAUSED) {
            throw refusal(ErrorCode.INVALID_STATE);
          }
          a.pause(h, soon());
          return null;
        });
    stop(
        "what_is_paused_can_be_stopped",
        "does not stop what is paused",
        (a, h) -> {
          if (a.status(h, soon()).state() != PlatformStatus.State.PAUSED) {
            a.stop(h, Signal.TERM, Duration.ofSeconds(5));
          }
        });
    add(
        "what_is_paused_can_be_killed",
        "does not kill what is paused",
        "kill",
        (a, x) -> {
          DaemonHandle h = (DaemonHandle) x[0];
          if (a.status(h, soon()).state() != PlatformStatus.State.PAUSED) {
            a.kill(h, soon());
          }
          return null;
        });
    add(
        "to_pause_what_has_ended_is_refused",
        "swallows that there is nothing to pause",
        "pause",
        (a, x) -> swallow(() -> a.pause((DaemonHandle) x[0], soon())));
    add("signals_reach_the_main_process", "sends no signal", "signal", (a, x) -> null);
    add(
        "term_as_a_signal_asks_it_to_end",
        "sends no TERM",
        "signal",
        (a, x) ->
            x[1] == Signal.TERM
                ? null
                : swallow(() -> a.signal((DaemonHandle) x[0], (Signal) x[1], soon())));
    add(
        "a_signal_to_one_daemon_is_not_felt_by_another",
        "sends signals to everybody",
        () -> {
          List<DaemonHandle> handles = new ArrayList<>();
          return Map.of(
              "spawn",
              (a, x) -> {
                DaemonHandle handle = spawn(a, x);
                handles.add(handle);
                return handle;
              },
              "signal",
              (a, x) -> {
                for (DaemonHandle handle : handles) {
                  a.signal(handle, (Signal) x[1], soon());
                }
                return null;
              });
        });
  }

  private void ofLimitsAndUsage() {
    respec(
        "written_limits_that_are_declared_are_in_force_and_read_back",
        "applies no limit",
        s -> config(s, b -> b.written(Set.of())));
    add(
        "written_limits_that_are_declared_are_in_force_and_read_back",
        "does not read limits back",
        "status",
        (a, x) -> {
          PlatformStatus s = a.status((DaemonHandle) x[0], soon());
          return new PlatformStatus(s.state(), s.pid(), "", List.of(), Map.of());
        });
    respec(
        "the_limit_on_descriptors_is_what_the_daemon_finds",
        "applies no limit",
        s -> config(s, b -> b.written(Set.of())));
    add(
        "limits_are_changed_while_it_runs",
        "says that it changed limits",
        "updateLimits",
        (a, x) ->
            List.of(
                new LimitReport(
                    "resources.open_files",
                    "128",
                    Long.toString(((Resources) x[1]).openFiles()),
                    "wishes",
                    true,
                    "")));
    usage(
        "processor_time_of_a_busy_daemon_grows_and_is_not_more_than_there_was",
        "counts no processor time",
        u -> sample(0, u.memoryBytes(), u.processes()));
    usage(
        "processor_time_of_a_busy_daemon_grows_and_is_not_more_than_there_was",
        "counts too much processor time",
        u -> sample(u.cpuNanos() * 100, u.memoryBytes(), u.processes()));
    usage(
        "memory_that_is_touched_is_counted",
        "counts memory in pages",
        u -> sample(u.cpuNanos(), u.memoryBytes() / 4096, u.processes()));
    usage(
        "the_processes_of_the_whole_tree_are_counted",
        "counts the main process only",
        u -> sample(u.cpuNanos(), u.memoryBytes(), 1));
    usage(
        "a_figure_is_a_figure_or_unknown",
        "is negative",
        u -> sample(u.cpuNanos(), -4096, u.processes()));
    usage("a_figure_is_a_figure_or_unknown", "tells nothing", u -> sample(-1, -1, -1));
    add(
        "who_has_worked_or_ended_is_not_said_to_have_rested",
        "takes a busy daemon for one that rests",
        "unchanged",
        (a, x) -> BitSet.valueOf(new long[] {0b01}));
    add(
        "who_has_worked_or_ended_is_not_said_to_have_rested",
        "takes an ended daemon for one that rests",
        "unchanged",
        (a, x) -> BitSet.valueOf(new long[] {0b10}));
  }

  private static UsageSample sample(long cpu, long memory, long processes) {
    return new UsageSample(
        java.time.Instant.now(), cpu, memory, processes, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  }

  private void ofLogs() {
    lines(
        "every_line_is_there_once_and_in_order",
        "loses a line",
        l -> l.startsWith("line 77 of") ? List.of() : List.of(l));
    lines(
        "every_line_is_there_once_and_in_order",
        "tears a line",
        l -> l.startsWith("line 77 of") ? List.of(l.substring(0, 9), l.substring(9)) : List.of(l));
    lines(
        "rotation_loses_and_tears_no_line",
        "has a line twice",
        l -> l.startsWith("line 10000 of") ? List.of(l, l) : List.of(l));
    lines(
        "standard_output_and_error_are_both_there",
        "drops standard error",
        l -> l.equals("to err") ? List.of() : List.of(l));
    query(
        "the_last_lines_can_be_asked_for",
        "gives them all",
        q -> new LogQuery(-1, q.since(), q.follow()));
    query(
        "a_followed_log_goes_on_with_new_lines",
        "does not follow",
        q -> new LogQuery(q.last(), q.since(), false));
    stream(
        "to_close_a_followed_log_ends_a_wait_for_its_next_line",
        "closes when it comes to it",
        s ->
            new Stream(s) {
              @Override
              public void close() {
                Thread.startVirtualThread(
                    () -> {
                      pause(20);
                      stream.close();
                    });
              }
            });
    stream(
        "a_wait_for_a_line_ends_at_its_deadline",
        "waits as long as it likes",
        s ->
            new Stream(s) {
              @Override
              public Optional<LogLine> next(Deadline deadline) {
                pause(10);
                return Optional.empty();
              }
            });
    add(
        "the_log_of_an_ended_run_can_still_be_read",
        "forgets the log at the end",
        "logs",
        (a, x) -> {
          DaemonHandle h = (DaemonHandle) x[0];
          if (a.status(h, soon()).state() == PlatformStatus.State.ENDED) {
            throw refusal(ErrorCode.NOT_FOUND);
          }
          return a.logs(h);
        });
  }

  private void ofReadinessAndExec() {
    events(
        "readiness_and_status_text_by_sd_notify_are_passed_on",
        "passes no status text on",
        e ->
            new Events(e) {
              @Override
              public void statusText(String text) {}
            });
    events(
        "what_does_not_notify_is_not_ready",
        "takes running for ready",
        e -> {
          e.ready();
          return e;
        });
    events(
        "heartbeats_are_passed_on",
        "passes no heartbeat on",
        e ->
            new Events(e) {
              @Override
              public void heartbeat() {}
            });
    add(
        "heartbeats_go_on_after_recovery",
        "forgets whom to tell",
        "recover",
        (a, x) -> a.recover((DaemonHandle) x[0], (LaunchSpec) x[1], new RecordedEvents(), soon()));
    add(
        "what_stops_feeding_the_watchdog_of_its_platform_is_ended",
        "says that its platform watches, where nobody does",
        "fingerprint",
        (a, x) -> {
          Fingerprint f = a.fingerprint(soon());
          Map<Payload.Kind, Set<Capability>> more = new HashMap<>();
          f.capabilities()
              .forEach(
                  (kind, can) -> {
                    Set<Capability> all = EnumSet.of(Capability.WATCHDOG_BY_PLATFORM);
                    all.addAll(can);
                    more.put(kind, all);
                  });
          return new Fingerprint(true, "1", false, "", more, f.missing(), f.details());
        });
    events(
        "a_line_on_a_descriptor_is_readiness",
        "does not read the descriptor",
        e ->
            new Events(e) {
              @Override
              public void ready() {}
            });
    exec(
        "a_command_gives_its_exit_status_and_output",
        "takes every command for a success",
        r -> new ExecResult(0, r.timedOut(), r.output()));
    add(
        "a_command_that_takes_too_long_is_killed_with_its_children",
        "leaves the command behind",
        "exec",
        (a, x) -> {
          @SuppressWarnings("unchecked")
          List<String> command = (List<String>) x[1];
          Process left = new ProcessBuilder(command).start();
          while (left.descendants().count() == 0) {
            Thread.onSpinWait();
          }
          return new ExecResult(137, true, "");
        });
    exec(
        "of_a_flood_of_output_the_first_four_kibibytes_are_kept",
        "keeps all output",
        r -> new ExecResult(r.code(), r.timedOut(), r.output().repeat(30)));
  }

  private void ofRecovery() {
    for (String broken :
        List.of(
            "what_still_runs_is_taken_up_and_not_started_again",
            "what_ended_meanwhile_is_told_and_not_started_again",
            "what_was_destroyed_is_not_found_and_not_started_again",
            "another_process_with_the_number_of_ours_is_not_taken_for_it")) {
      add(
          broken,
          "starts it again",
          "recover",
          (a, x) ->
              new Recovery.Running(
                  a.spawn((LaunchSpec) x[1], (AdapterEvents) x[2], soon()), false));
    }
    add(
        "what_ended_while_nobody_watched_is_cleared_away_and_can_be_started_again",
        "stumbles over what has ended",
        "spawn",
        (a, x) -> {
          LaunchSpec spec = (LaunchSpec) x[0];
          if (spec.generation() > 1) {
            throw new DaemonException(
                ErrorCode.ALREADY_EXISTS, spec.name(), "its folder is there", "remove it");
          }
          return a.spawn(spec, (AdapterEvents) x[1], (Deadline) x[2]);
        });
    add(
        "another_process_with_the_number_of_ours_is_not_taken_for_it",
        "kills by number",
        "kill",
        (a, x) -> {
          ProcessHandle.of(((DaemonHandle) x[0]).pid().orElseThrow())
              .ifPresent(
                  p -> {
                    p.destroyForcibly();
                    p.onExit().join();
                  });
          return null;
        });
    untended(
        "the_end_of_a_recovered_run_is_told_when_its_whole_tree_is_gone",
        "kills the main process only");
    add(
        "a_recovered_run_goes_on_with_its_log",
        "begins a new log",
        "recover",
        (a, x) -> {
          Files.writeString(((LaunchSpec) x[1]).logFile(), "");
          return a.recover((DaemonHandle) x[0], (LaunchSpec) x[1], (AdapterEvents) x[2], soon());
        });
    add(
        "what_was_paused_is_taken_up_as_paused",
        "does not see that it is paused",
        "recover",
        (a, x) -> {
          Recovery r =
              a.recover((DaemonHandle) x[0], (LaunchSpec) x[1], (AdapterEvents) x[2], soon());
          return r instanceof Recovery.Running running
              ? new Recovery.Running(running.handle(), false)
              : r;
        });
    String leftovers = "recovery_complete_removes_leftovers_of_this_instance_and_nothing_else";
    add(leftovers, "removes nothing", "recoveryComplete", (a, x) -> null);
    add(
        leftovers,
        "removes what was recovered",
        "recoveryComplete",
        (a, x) -> {
          a.recoveryComplete((Instance) x[0], List.of(), soon());
          return null;
        });
    add(
        leftovers,
        "removes what is another instance's",
        () -> {
          Set<Instance> seen = ConcurrentHashMap.newKeySet();
          return Map.of(
              "spawn",
              (a, x) -> {
                seen.add(((LaunchSpec) x[0]).instance());
                return spawn(a, x);
              },
              "recoveryComplete",
              (a, x) -> {
                @SuppressWarnings("unchecked")
                Collection<DaemonHandle> kept = (Collection<DaemonHandle>) x[1];
                for (Instance instance : seen) {
                  a.recoveryComplete(instance, kept, soon());
                }
                return null;
              });
        });
    add(
        "a_foreign_thing_of_the_same_name_is_not_touched",
        "goes by the name",
        "destroy",
        (a, x) -> {
          for (long pid : Proc.with(ReferenceSubject.NAME + "=" + ((DaemonHandle) x[0]).name())) {
            ProcessHandle.of(pid)
                .ifPresent(
                    p -> {
                      p.destroyForcibly();
                      p.onExit().join();
                    });
          }
          return null;
        });
  }

  private void ofDeactivationAndConcurrency() {
    for (String broken :
        List.of(
            "open_exit_stages_fail_with_adapter_gone_and_the_daemons_go_on",
            "every_call_after_deactivation_says_that_the_adapter_is_gone",
            "a_stop_in_progress_ends_when_the_adapter_leaves")) {
      add(broken, "does not notice that it leaves", "close", (a, x) -> null);
    }
    add(
        "open_exit_stages_fail_with_adapter_gone_and_the_daemons_go_on",
        "takes its daemons with it",
        () -> {
          List<DaemonHandle> handles = new ArrayList<>();
          return Map.of(
              "spawn",
              (a, x) -> {
                DaemonHandle handle = spawn(a, x);
                handles.add(handle);
                return handle;
              },
              "close",
              (a, x) -> {
                a.close();
                for (DaemonHandle handle : handles) {
                  Optional<ProcessHandle> daemon = ProcessHandle.of(handle.pid().orElseThrow());
                  if (daemon.isPresent()) {
                    daemon.get().destroyForcibly();
                    // A signal is not an end yet.
                    daemon.get().onExit().get(1, TimeUnit.MINUTES);
                  }
                }
                return null;
              });
        });
    add(
        "whole_lives_at_once_on_many_threads",
        "starts one at a time",
        () -> {
          AtomicInteger inside = new AtomicInteger();
          return Map.of(
              "spawn",
              (a, x) -> {
                try {
                  if (inside.incrementAndGet() > 1) {
                    throw refusal(ErrorCode.INTERNAL);
                  }
                  return spawn(a, x);
                } finally {
                  inside.decrementAndGet();
                }
              });
        });
    add(
        "many_stops_and_kills_of_one_daemon_at_once",
        "stops one at a time",
        () -> {
          AtomicInteger inside = new AtomicInteger();
          return Map.of(
              "stop",
              (a, x) -> {
                try {
                  if (inside.incrementAndGet() > 1) {
                    throw refusal(ErrorCode.INVALID_STATE);
                  }
                  a.stop((DaemonHandle) x[0], (Signal) x[1], (Duration) x[2]);
                  return null;
                } finally {
                  inside.decrementAndGet();
                }
              });
        });
    add(
        "exits_of_many_are_told_each_with_its_own_code",
        "mixes up whose exit it is",
        () -> {
          ConcurrentLinkedQueue<DaemonHandle> handles = new ConcurrentLinkedQueue<>();
          return Map.of(
              "spawn",
              (a, x) -> {
                DaemonHandle handle = spawn(a, x);
                handles.add(handle);
                return handle;
              },
              "exit",
              (a, x) -> a.exit(handles.peek()));
        });
  }

  private void add(String broken, String description, String verb, Fault.Twist twist) {
    add(broken, description, () -> Map.of(verb, twist));
  }

  private void add(
      String broken,
      String description,
      java.util.function.Supplier<Map<String, Fault.Twist>> twists) {
    all.add(new Fault(broken, description, true, twists));
  }

  private void untended(String broken, String description) {
    all.add(new Fault(broken, description, false, Map::of));
  }

  private void respec(String broken, String description, UnaryOperator<LaunchSpec> change) {
    add(
        broken,
        description,
        "spawn",
        (a, x) -> a.spawn(change.apply((LaunchSpec) x[0]), (AdapterEvents) x[1], soon()));
  }

  private void exit(String broken, String description, UnaryOperator<ExitReason> change) {
    add(broken, description, "exit", (a, x) -> a.exit((DaemonHandle) x[0]).thenApply(change));
  }

  /** Something done to an adapter and a daemon. */
  private interface Deed {
    void apply(ReferenceAdapter adapter, DaemonHandle handle) throws Exception;
  }

  private void stop(String broken, String description, Deed deed) {
    add(
        broken,
        description,
        "stop",
        (a, x) -> {
          deed.apply(a, (DaemonHandle) x[0]);
          return null;
        });
  }

  private void usage(String broken, String description, UnaryOperator<UsageSample> change) {
    add(broken, description, "usage", (a, x) -> change.apply(a.usage((DaemonHandle) x[0], soon())));
  }

  private void exec(String broken, String description, UnaryOperator<ExecResult> change) {
    add(
        broken,
        description,
        "exec",
        (a, x) -> {
          @SuppressWarnings("unchecked")
          List<String> command = (List<String>) x[1];
          return change.apply(a.exec((DaemonHandle) x[0], command, (Deadline) x[2]));
        });
  }

  private void events(String broken, String description, UnaryOperator<AdapterEvents> change) {
    add(
        broken,
        description,
        "spawn",
        (a, x) -> a.spawn((LaunchSpec) x[0], change.apply((AdapterEvents) x[1]), soon()));
  }

  private void query(String broken, String description, UnaryOperator<LogQuery> change) {
    add(
        broken,
        description,
        "logs",
        (a, x) -> {
          LogSource source = a.logs((DaemonHandle) x[0]);
          return (LogSource) q -> source.open(change.apply(q));
        });
  }

  private void stream(String broken, String description, UnaryOperator<LogStream> change) {
    add(
        broken,
        description,
        "logs",
        (a, x) -> {
          LogSource source = a.logs((DaemonHandle) x[0]);
          return (LogSource) q -> q.follow() ? change.apply(source.open(q)) : source.open(q);
        });
  }

  private void lines(String broken, String description, Function<String, List<String>> change) {
    add(
        broken,
        description,
        "logs",
        (a, x) -> {
          LogSource source = a.logs((DaemonHandle) x[0]);
          return (LogSource)
              q ->
                  new Stream(source.open(q)) {
                    private final List<String> ready = new ArrayList<>();

                    @Override
                    public Optional<LogLine> next(Deadline deadline) throws DaemonException {
                      if (ready.isEmpty()) {
                        stream.next(deadline).ifPresent(l -> ready.addAll(change.apply(l.text())));
                      }
                      return ready.isEmpty()
                          ? Optional.empty()
                          : Optional.of(new LogLine(Optional.empty(), ready.removeFirst()));
                    }

                    @Override
                    public boolean isDone() {
                      return ready.isEmpty() && stream.isDone();
                    }
                  };
        });
  }

  /** A stream that passes everything on. */
  private static class Stream implements LogStream {
    final LogStream stream;

    Stream(LogStream stream) {
      this.stream = stream;
    }

    @Override
    public Optional<LogLine> next(Deadline deadline) throws DaemonException {
      return stream.next(deadline);
    }

    @Override
    public boolean isDone() {
      return stream.isDone();
    }

    @Override
    public void close() {
      stream.close();
    }
  }

  /** Events that are all passed on. */
  private static class Events implements AdapterEvents {
    private final AdapterEvents events;

    Events(AdapterEvents events) {
      this.events = events;
    }

    @Override
    public void ready() {
      events.ready();
    }

    @Override
    public void heartbeat() {
      events.heartbeat();
    }

    @Override
    public void statusText(String text) {
      events.statusText(text);
    }

    @Override
    public void health(HealthStatus status) {
      events.health(status);
    }

    @Override
    public void restarted(DaemonHandle next, ExitReason previous) {
      events.restarted(next, previous);
    }

    @Override
    public void alert(String kind, String detail) {
      events.alert(kind, detail);
    }
  }

  private static DaemonHandle spawn(ReferenceAdapter a, Object[] x) throws DaemonException {
    return a.spawn((LaunchSpec) x[0], (AdapterEvents) x[1], soon());
  }

  private static PlatformStatus state(ReferenceAdapter a, Object[] x, PlatformStatus.State state)
      throws DaemonException {
    PlatformStatus s = a.status((DaemonHandle) x[0], soon());
    return new PlatformStatus(state, s.pid(), s.statusText(), s.limits(), s.details());
  }

  private static LaunchSpec env(LaunchSpec s, Predicate<String> keep, String... more) {
    List<String> env = new ArrayList<>(s.env().stream().filter(keep).toList());
    env.addAll(List.of(more));
    return s.with(s.payload(), s.args(), env);
  }

  private static LaunchSpec config(LaunchSpec s, UnaryOperator<DaemonConfig.Builder> change) {
    return new LaunchSpec(
        s.instance(),
        s.id(),
        s.name(),
        s.generation(),
        s.payload(),
        s.args(),
        s.env(),
        change.apply(s.config().toBuilder()).build(),
        s.table(),
        s.stateDirectory(),
        s.runDirectory(),
        s.logFile(),
        s.trace());
  }

  /** Something that may fail. */
  private interface Try {
    void run() throws Exception;
  }

  private static Object swallow(Try call) {
    try {
      call.run();
    } catch (Exception e) {
      // That it does so is the fault.
    }
    return null;
  }

  private static void pause(int seconds) {
    try {
      Thread.sleep(Duration.ofSeconds(seconds));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static DaemonException refusal(ErrorCode code) {
    return new DaemonException(code, "it", "is not so", "do otherwise");
  }

  private static Deadline soon() {
    return Deadline.after(Duration.ofSeconds(20));
  }
}
