package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A small process that breaks something outside this JVM and mends it when its standard input ends: when we close it, when
 * this JVM is killed, and by itself when its time is over. What is done and undone is one of the scripts of this class;
 * everything from outside reaches it as an argument or a line of data, never as text of a script.
 */
final class Guard implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /**
   * Reads a line for each thing to break. {@code items} is what is to be mended, last first. Whoever ends it (INT, TERM, HUP)
   * has it mend as well.
   */
  private static final String FRAME =
      """
      limit=$1; shift
      items=
      mend() {
        trap '' INT TERM HUP PIPE
        [ -z "$timer" ] || kill "$timer" 2>/dev/null
        for item in $items; do undo "$item"; done
        echo mended
        exit 0
      }
      # A pid may be another process by now: its start time tells (proc(5), stat, field 22).
      same() {
        stat=$(cat "/proc/${1%%:*}/stat" 2>/dev/null) || return 1
        want=${1#*:}
        # shellcheck disable=SC2086
        set -- ${stat##*) }
        [ "${20}" = "${want%%:*}" ]
      }
      trap mend INT TERM HUP
      (trap 'kill $s 2>/dev/null; exit 0' TERM; sleep "$limit" & s=$!; wait $s; kill -TERM $$) </dev/null >/dev/null 2>&1 &
      timer=$!
      while read -r line; do
        if said=$(inject "$line" 2>&1); then items="$line $items"; echo "ok"; else echo "no $said" | tr '\\n' ' '; echo; fi
      done
      mend
      """;

  /** SIGSTOP for {@code PID:START}, and SIGCONT. */
  static final String STOP =
      """
      inject() { same "$1" && kill -STOP "${1%%:*}"; }
      undo() { ! same "$1" || kill -CONT "${1%%:*}"; }
      """;

  /** The soft limit on descriptors for {@code PID:START:OLD:NEW}. */
  static final String DESCRIPTORS =
      """
      inject() { same "$1" && prlimit --pid "${1%%:*}" --nofile="${1##*:}:"; }
      undo() { old=${1%:*}; ! same "$1" || prlimit --pid "${1%%:*}" --nofile="${old##*:}:"; }
      """;

  /**
   * strace(1) on {@code PID:START} and the children that it will have: its calls $2 with the words $3 for -e, on file $4 where
   * one is named, by the program $5. Each tracer is noted in a folder, for this shell is not its parent.
   */
  static final String IO =
      """
      calls=$2; words=$3; file=$4; strace=$5; notes=$(mktemp -d) || exit 1
      tracer() { sed -n 's/^TracerPid:[^0-9]*//p' "/proc/$1/status" 2>/dev/null; }
      inject() {
        same "$1" || return 1
        pid=${1%%:*}
        [ "$(tracer "$pid")" = 0 ] || { echo "process $pid is being traced already"; return 1; }
        "$strace" -f -qq -o /dev/null ${file:+-P "$file"} -e "trace=$calls" -e "$words" -p "$pid" </dev/null >/dev/null 2>&1 &
        tracer=$!
        tries=0
        until [ "$(tracer "$pid")" = "$tracer" ]; do
          kill -0 "$tracer" 2>/dev/null || { echo "strace may not or cannot trace process $pid"; return 1; }
          tries=$((tries + 1)); [ "$tries" -lt 90 ] || { kill "$tracer"; echo "strace does not get hold of process $pid"; return 1; }
          sleep 0.1
        done
        stat=$(cat "/proc/$tracer/stat"); set -- ${stat##*) }
        echo "$tracer:${20}" >"$notes/$pid"
      }
      undo() {
        note=$notes/${1%%:*}
        tracer=$(cat "$note" 2>/dev/null)
        rm -f "$note"; rmdir "$notes" 2>/dev/null
        ! same "$tracer" || kill "${tracer%%:*}"
        # Where it does not heed that, it cannot but heed this.
        tries=0
        while same "$tracer"; do
          tries=$((tries + 1)); [ "$tries" -lt 30 ] || kill -KILL "${tracer%%:*}"
          sleep 0.1
        done
      }
      """;

  /** netem(8) on device $2 in the network namespace of {@code PID:START}; $3 are its words, $4 is tc(8). */
  static final String NETEM =
      """
      device=$2; words=$3; tc=$4
      inject() { same "$1" && nsenter -t "${1%%:*}" -n "$tc" qdisc add dev "$device" root netem $words; }
      undo() { ! same "$1" || nsenter -t "${1%%:*}" -n "$tc" qdisc del dev "$device" root netem; }
      """;

  /** Writes $2 into file $3 (libfaketime reads it), and what was in it before. */
  static final String CLOCK =
      """
      shift_by=$2; file=$3; before=$(cat "$file" 2>/dev/null) || before=
      inject() { printf '%s\\n' "$shift_by" >"$file"; }
      undo() { if [ -n "$before" ]; then printf '%s\\n' "$before"; else printf '+0\\n'; fi >"$file"; }
      """;

  private final Process process;
  private final OutputStream orders;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

  private Guard(Process process) {
    this.process = process;
    this.orders = process.getOutputStream();
    Thread reader = new Thread(this::read, "duende-chaos-guard");
    reader.setDaemon(true);
    reader.start();
  }

  /**
   * Starts one. It has done nothing yet.
   *
   * @param most after which it mends by itself
   */
  static Guard start(String script, Duration most, String... arguments) throws DaemonException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "/bin/sh",
                "-c",
                "timer=\n" + script + FRAME,
                "duende-chaos-guard",
                Long.toString(most.toSeconds() + 1)));
    command.addAll(Arrays.asList(arguments));
    try {
      return new Guard(new ProcessBuilder(command).redirectErrorStream(true).start());
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.SPAWN,
          "/bin/sh",
          "cannot be started, and nothing is broken without a guard that mends it: "
              + e.getMessage(),
          "chaos outside the container needs a POSIX shell",
          e);
    }
  }

  long pid() {
    return process.pid();
  }

  private void read() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        answers.add(line);
      }
    } catch (IOException e) {
      answers.add("no " + e.getMessage());
    }
    answers.add("no the guard has ended");
  }

  /** Breaks one thing more. */
  void inject(String item) throws DaemonException, InterruptedException {
    try {
      orders.write((item + "\n").getBytes(StandardCharsets.UTF_8));
      orders.flush();
    } catch (IOException e) {
      throw refused("it has ended: " + e.getMessage());
    }
    String answer = answers.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    if (answer == null) {
      throw refused("no answer within " + PATIENCE.toSeconds() + " s");
    }
    if (!answer.equals("ok")) {
      throw refused(answer.substring(Math.min(3, answer.length())).strip());
    }
  }

  private static DaemonException refused(String why) {
    return new DaemonException(
        ErrorCode.PERMISSION_DENIED,
        "the fault",
        "cannot be injected: " + (why.isEmpty() ? "the process has gone" : why),
        "see \"duende chaos\" for what each fault needs");
  }

  /** Mends everything, and returns when that is done. */
  @Override
  public void close() throws DaemonException {
    boolean interrupted = false;
    try {
      orders.close();
    } catch (IOException e) {
      process.destroy();
    }
    try {
      if (process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      interrupted = true;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    if (!interrupted) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          "the guard (pid " + process.pid() + ")",
          "has not mended within " + PATIENCE.toSeconds() + " s",
          "look what it waits for");
    }
  }
}
