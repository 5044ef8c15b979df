package com.paiml.duende.shell.repl;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.shell.call.Caller;
import com.paiml.duende.shell.call.Commands;
import com.paiml.duende.shell.call.Dispatcher;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.jline.reader.Candidate;
import org.jline.reader.Completer;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.ParsedLine;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.ExternalTerminal;

/** The shell on a terminal: JLine at this end of the connection, single keys from the other. */
final class LineEditor {
  private static final String PROMPT = "duende> ";

  private final CommandSession outer;
  private final CommandProcessor processor;
  private final Dispatcher dispatcher;
  private final Commands commands;
  private final Optional<Path> history;

  LineEditor(
      CommandSession outer,
      CommandProcessor processor,
      Dispatcher dispatcher,
      Commands commands,
      Optional<Path> history) {
    this.outer = outer;
    this.processor = processor;
    this.dispatcher = dispatcher;
    this.commands = commands;
    this.history = history;
  }

  int run() throws DaemonException {
    Caller caller = Caller.of(outer);
    caller.keys(true);
    String type = caller.term().isEmpty() ? "dumb" : caller.term();
    try (Terminal terminal =
        new ExternalTerminal(
            "duende", type, outer.getKeyboard(), outer.getConsole(), StandardCharsets.UTF_8)) {
      resize(terminal, caller);
      caller.onResize(
          () -> {
            resize(terminal, caller);
            terminal.raise(Terminal.Signal.WINCH);
          });
      return converse(terminal, caller);
    } catch (IOException e) {
      throw new DaemonException(ErrorCode.IO, "terminal", e.toString(), "", e);
    } finally {
      caller.onResize(() -> {});
      caller.keys(false);
    }
  }

  private static void resize(Terminal terminal, Caller caller) {
    int columns = caller.columns() > 0 ? caller.columns() : 80;
    int rows = caller.rows() > 0 ? caller.rows() : 24;
    terminal.setSize(new Size(columns, rows));
  }

  private int converse(Terminal terminal, Caller caller) {
    PrintStream out = new PrintStream(terminal.output(), true, StandardCharsets.UTF_8);
    try (CommandSession session = processor.createSession(terminal.input(), out, out)) {
      Object _ = session.put(Caller.VARIABLE, new TerminalCaller(caller, terminal, out));
      session.currentDir(outer.currentDir());
      Interpreter interpreter = new Interpreter(session, dispatcher, commands);
      LineReaderBuilder builder =
          LineReaderBuilder.builder()
              .appName("duende")
              .terminal(terminal)
              .completer(new Words(session))
              .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
              .variable(LineReader.HISTORY_SIZE, 500);
      history.ifPresent(file -> builder.variable(LineReader.HISTORY_FILE, file));
      LineReader reader = builder.build();
      int status = Dispatcher.OK;
      while (true) {
        try {
          String line = reader.readLine(PROMPT).strip();
          if (line.equals("exit") || line.equals("quit")) {
            return status;
          }
          status = line.isEmpty() ? status : runInterruptibly(terminal, session, interpreter, line);
        } catch (UserInterruptException e) {
          // The line is given up, as in every shell.
          status = Dispatcher.INTERRUPTED;
        } catch (EndOfFileException e) {
          return status;
        }
      }
    }
  }

  /** The interrupt key ends the command, not the shell. */
  private static int runInterruptibly(
      Terminal terminal, CommandSession session, Interpreter interpreter, String line) {
    Terminal.SignalHandler before =
        terminal.handle(Terminal.Signal.INT, signal -> Interpreter.interrupt(session));
    try {
      return interpreter.run(line);
    } finally {
      Terminal.SignalHandler _ = terminal.handle(Terminal.Signal.INT, before);
    }
  }

  /** Completes commands, and after them daemons. */
  private final class Words implements Completer {
    private final CommandSession session;

    Words(CommandSession session) {
      this.session = session;
    }

    @Override
    public void complete(LineReader reader, ParsedLine line, List<Candidate> candidates) {
      if (line.wordIndex() == 0) {
        commands
            .summaries("duende")
            .forEach(
                (name, summary) ->
                    candidates.add(new Candidate(name, name, null, summary, null, null, true)));
        return;
      }
      try {
        Object names = dispatcher.call(session, "duende", List.of("ps", "--all", "--names"));
        if (names instanceof com.paiml.duende.shell.text.Answer answer) {
          answer
              .text(com.paiml.duende.shell.text.Style.PLAIN)
              .lines()
              .forEach(name -> candidates.add(new Candidate(name)));
        }
      } catch (Exception e) {
        // Completion is a courtesy: without the manager there is nothing to offer.
        return;
      }
    }
  }

  /** As the caller, but what it says to people goes through the terminal's line discipline. */
  private record TerminalCaller(Caller caller, Terminal terminal, PrintStream err)
      implements Caller {
    @Override
    public boolean isTerminal(int stream) {
      return caller.isTerminal(stream);
    }

    @Override
    public boolean colour() {
      return caller.colour();
    }

    @Override
    public int columns() {
      return caller.columns();
    }

    @Override
    public int rows() {
      return caller.rows();
    }

    @Override
    public String term() {
      return caller.term();
    }

    @Override
    public byte[] read(String name, int limit) throws DaemonException {
      return caller.read(name, limit);
    }

    /** The terminal gives single keys already; JLine decides what a command sees. */
    @Override
    public void keys(boolean single) {
      if (single) {
        var _ = terminal.enterRawMode();
      }
    }

    @Override
    public void onResize(Runnable task) {
      caller.onResize(task);
    }

    @Override
    public void afterwards(Runnable task) {
      caller.afterwards(task);
    }
  }
}
