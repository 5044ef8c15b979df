package com.paiml.duende.observe.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Signal;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.observe.command.TopState.Line;
import com.paiml.duende.spi.CommandTerminal;
import com.paiml.duende.spi.UsageMonitor;
import com.paiml.duende.spi.UsageMonitor.Reading;
import com.paiml.duende.spi.UsageSample;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende top}. */
@Component(service = Top.class)
@GogoCommand(scope = "duende", function = "top")
public final class Top {
  private static final int PLAIN_COLUMNS = 120;
  private static final int PLAIN_ROWS = 10_000;
  private static final int HISTORY = 200;
  private static final Duration ESCAPE = Duration.ofMillis(50);
  private static final Duration LEAST = Duration.ofMillis(100);

  // xterm's control sequences: the other screen, no cursor, home, clear to the end of line and
  // screen.
  private static final String BEGIN = "\u001b[?1049h\u001b[?25l";
  private static final String END = "\u001b[?25h\u001b[?1049l";
  private static final String HOME = "\u001b[H";
  private static final String REST_OF_LINE = "\u001b[K";
  private static final String REST_OF_SCREEN = "\u001b[J";

  private final DaemonManager manager;
  private final UsageMonitor monitor;

  @Activate
  public Top(@Reference DaemonManager manager, @Reference UsageMonitor monitor) {
    this.manager = manager;
    this.monitor = monitor;
  }

  @Descriptor(
      "Shows live what every daemon uses. On a terminal: keys sort, filter, look inside one daemon,"
          + " kill and restart; ? lists them. Elsewhere, or with -n: prints so many rounds.")
  public void top(
      CommandSession session,
      @Descriptor("how often the screen is drawn")
          @Parameter(
              names = {"-i", "--interval"},
              absentValue = "1s")
          Duration interval,
      @Descriptor("print so many rounds instead of the screen")
          @Parameter(
              names = {"-n", "--rounds"},
              absentValue = "0")
          int rounds)
      throws DaemonException, InterruptedException {
    Duration pause = interval.compareTo(LEAST) < 0 ? LEAST : interval;
    PrintStream out = session.getConsole();
    LastAlert alert = new LastAlert();
    try (DaemonManager.Subscription _ = manager.watch(alert)) {
      if (rounds == 0
          && session.get(CommandTerminal.VARIABLE) instanceof CommandTerminal terminal
          && terminal.isTerminal(0)
          && terminal.isTerminal(1)) {
        screen(terminal, session, out, pause, alert);
      } else {
        print(out, Math.max(1, rounds), pause, alert);
      }
    }
  }

  private void print(PrintStream out, int rounds, Duration pause, LastAlert alert)
      throws InterruptedException {
    for (int i = 0; i < rounds; i++) {
      Thread.sleep(pause);
      List<String> lines =
          new TopScreen(PLAIN_COLUMNS, PLAIN_ROWS)
              .list(head(alert.text()), lines(), new TopState());
      lines.stream().filter(l -> !l.isEmpty()).limit(lines.size()).forEach(l -> plain(out, l));
      out.println();
      if (out.checkError()) {
        return;
      }
    }
  }

  private static void plain(PrintStream out, String line) {
    if (!line.startsWith("q quit")) {
      out.println(line);
    }
  }

  private void screen(
      CommandTerminal terminal,
      CommandSession session,
      PrintStream out,
      Duration pause,
      LastAlert alert)
      throws DaemonException, InterruptedException {
    TopState state = new TopState();
    try (Keyboard keyboard = new Keyboard(terminal, session.getKeyboard())) {
      out.print(BEGIN);
      long next = System.nanoTime();
      while (true) {
        draw(terminal, out, state, alert.text());
        if (out.checkError()) {
          return;
        }
        Duration left = Duration.ofNanos(Math.max(1_000_000, next - System.nanoTime()));
        OptionalInt key = keyboard.next(left);
        if (key.isEmpty()) {
          next = System.nanoTime() + pause.toNanos();
        }
        // Keys that came together are taken together, then the screen is drawn once.
        while (key.isPresent()) {
          if (key.getAsInt() == Keyboard.END || act(state, state.key(key.getAsInt()))) {
            return;
          }
          key = keyboard.next(ESCAPE);
        }
        state.pause();
      }
    } finally {
      out.print(END);
      out.flush();
    }
  }

  /** Whether it is to end. */
  private boolean act(TopState state, TopState.Action action) {
    try {
      switch (action) {
        case QUIT -> {
          return true;
        }
        case KILL -> {
          manager.signal(state.selectedName(), Signal.KILL);
          state.message("sent SIGKILL to " + state.selectedName());
        }
        case RESTART -> {
          DaemonInfo _ = manager.restart(state.selectedName(), Duration.ZERO);
          state.message("restarting " + state.selectedName());
        }
        case NONE -> {
          return false;
        }
      }
    } catch (DaemonException refused) {
      state.message(refused.thing() + ": " + refused.problem());
    }
    return false;
  }

  private void draw(CommandTerminal terminal, PrintStream out, TopState state, String alert) {
    TopScreen screen =
        new TopScreen(
            terminal.columns() > 0 ? terminal.columns() : 80,
            terminal.rows() > 0 ? terminal.rows() : 24);
    List<Line> all = lines();
    Optional<Line> chosen =
        all.stream().filter(l -> l.name().equals(state.selectedName())).findFirst();
    List<String> lines =
        state.isDetail() && chosen.isPresent()
            ? screen.detail(
                head(alert), chosen.get(), monitor.processes(state.selectedName()), state)
            : screen.list(head(alert), all, state);
    StringBuilder text = new StringBuilder(HOME);
    for (int i = 0; i < lines.size(); i++) {
      text.append(i == 0 ? "" : "\r\n").append(lines.get(i)).append(REST_OF_LINE);
    }
    out.print(text.append(REST_OF_SCREEN));
    out.flush();
  }

  private TopScreen.Head head(String alert) {
    return new TopScreen.Head(
        manager.count(), monitor.interval(), monitor.pressure(), monitor.gpus(), alert);
  }

  private List<Line> lines() {
    List<Line> lines = new ArrayList<>();
    Instant now = Instant.now();
    Instant from = now.minus(monitor.interval().multipliedBy(HISTORY));
    for (DaemonInfo daemon : manager.list()) {
      Optional<Reading> last = monitor.latest(daemon.name());
      if (daemon.status().isActive()) {
        lines.add(
            new Line(
                daemon.name(),
                daemon.platform(),
                daemon.status().toString(),
                last.orElseGet(() -> unknown(now)),
                monitor.history(daemon.name(), from, now).stream()
                    .map(Reading::cpuPercent)
                    .toList()));
      }
    }
    return lines;
  }

  /** Before the first reading, and of an object in this JVM, whose use nobody can tell from the rest of it. */
  private static Reading unknown(Instant now) {
    long none = UsageSample.UNKNOWN;
    return new Reading(now, none, none, none, none, none, none, none, none, none, none, none);
  }
}
