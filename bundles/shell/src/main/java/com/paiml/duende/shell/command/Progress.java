package com.paiml.duende.shell.command;

import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.shell.call.Caller;
import com.paiml.duende.shell.text.Human;
import com.paiml.duende.shell.text.Width;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.felix.service.command.CommandSession;

/**
 * Says what is waited for: on a terminal in one line that changes and goes, elsewhere in lines, and nowhere before it has
 * lasted a moment.
 */
final class Progress implements AutoCloseable {
  private static final Duration QUIET_ON_TERMINAL = Duration.ofMillis(400);
  private static final Duration QUIET_ELSEWHERE = Duration.ofSeconds(2);
  private static final int NAMED = 3;
  private static final String CLEAR = "\r\u001b[K";
  private static final String WHEEL = "|/-\\";

  private final PrintStream err;
  private final boolean terminal;
  private final int columns;
  private final Supplier<String> text;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final long began = System.nanoTime();
  private boolean shown;

  private Progress(Caller caller, Supplier<String> text) {
    this.err = caller.err();
    this.terminal = caller.isTerminal(2);
    this.columns = caller.columns() > 0 ? caller.columns() : 80;
    this.text = text;
  }

  /** Begins. The text is asked for from another thread; while it is empty nothing is shown. */
  static Progress of(CommandSession session, Supplier<String> text) {
    Progress progress = new Progress(Caller.of(session), text);
    Thread thread = new Thread(progress::run, "duende-progress");
    thread.setDaemon(true);
    thread.start();
    return progress;
  }

  /** What daemons on their way are doing: a few by name, and how many there are. */
  static String of(List<DaemonInfo> daemons) {
    List<DaemonInfo> underWay =
        daemons.stream().filter(d -> !(d.status().isTerminal() || d.ready())).toList();
    String named =
        underWay.stream().limit(NAMED).map(Progress::describe).collect(Collectors.joining(", "));
    int more = underWay.size() - NAMED;
    return more <= 0
        ? named
        : underWay.size() + " of " + daemons.size() + ": " + named + " and " + more + " more";
  }

  private static String describe(DaemonInfo daemon) {
    String activity = daemon.activity().isEmpty() ? "" : " (" + daemon.activity() + ")";
    return daemon.name() + " " + Human.word(daemon.status().state()) + activity;
  }

  private void run() {
    try {
      String last = "";
      long pause = (terminal ? QUIET_ON_TERMINAL : QUIET_ELSEWHERE).toMillis();
      for (int turn = 0; !ended.await(pause, TimeUnit.MILLISECONDS); turn++) {
        String now = Width.printable(text.get());
        if (!now.isEmpty()) {
          last = terminal ? draw(now, turn) : tell(now, last);
        }
        pause = terminal ? 150 : 1000;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized String draw(String now, int turn) {
    if (ended.getCount() > 0) {
      String age = " " + Human.duration(Duration.ofNanos(System.nanoTime() - began));
      String line = WHEEL.charAt(turn % WHEEL.length()) + " " + now;
      err.print(CLEAR + Width.fit(line, columns - age.length() - 1) + age);
      err.flush();
      shown = true;
    }
    return now;
  }

  private synchronized String tell(String now, String last) {
    if (!now.equals(last) && ended.getCount() > 0) {
      err.println(now);
    }
    return now;
  }

  /** Ends; the line that changes goes. */
  @Override
  public synchronized void close() {
    ended.countDown();
    if (shown) {
      err.print(CLEAR);
      err.flush();
    }
  }
}
