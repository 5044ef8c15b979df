package com.paiml.duende.shell.call;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.shell.text.Style;
import com.paiml.duende.spi.CommandTerminal;
import java.io.PrintStream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Process;

/** Who called a command, and what can be had from where it was typed. Kept in the session. */
public interface Caller extends CommandTerminal {
  PrintStream err();

  /**
   * A file that the command line names, as whoever typed it sees it.
   *
   * @param name as it was typed; {@code -} is standard input
   * @param limit bytes; a longer file is refused
   */
  byte[] read(String name, int limit) throws DaemonException;

  /** Runs a task when the answer has been given. */
  void afterwards(Runnable task);

  /** The caller of a session; one without a terminal where another shell made the session. */
  static Caller of(CommandSession session) {
    return session.get(VARIABLE) instanceof Caller caller ? caller : new LocalCaller(session);
  }

  /** Standard output of the command that this thread runs: a pipe's, or the session's. */
  static PrintStream out(CommandSession session) {
    Process process = Process.Utils.current();
    return process == null ? session.getConsole() : process.out();
  }

  /** How answers may look: plainly in the middle of a pipe. */
  static Style style(CommandSession session) {
    Process process = Process.Utils.current();
    if (process != null && !process.isTty(1)) {
      return Style.PLAIN;
    }
    Caller caller = of(session);
    return new Style(caller.colour(), caller.isTerminal(1) ? caller.columns() : 0);
  }
}
