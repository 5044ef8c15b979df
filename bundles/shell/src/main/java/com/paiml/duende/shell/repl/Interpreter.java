package com.paiml.duende.shell.repl;

import com.paiml.duende.shell.call.Caller;
import com.paiml.duende.shell.call.Commands;
import com.paiml.duende.shell.call.Dispatcher;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.apache.felix.service.command.Job;

/** Runs lines of gogo script in a session, our own commands with the same rules as at the OS prompt. */
final class Interpreter {
  private static final String SCOPE = "duende";

  private final CommandSession session;
  private final Dispatcher dispatcher;
  private final Commands commands;

  Interpreter(CommandSession session, Dispatcher dispatcher, Commands commands) {
    this.session = session;
    this.dispatcher = dispatcher;
    this.commands = commands;
    Object _ = session.put("SCOPE", SCOPE + ":gogo:felix:*");
  }

  /** Runs one line and shows its result; the exit status. */
  int run(String line) {
    refresh();
    PrintStream err = Caller.of(session).err();
    try {
      return dispatcher.show(session, session.execute(line));
    } catch (Exception e) {
      if (Thread.currentThread().isInterrupted() || e instanceof InterruptedException) {
        interrupt(session);
        return Dispatcher.INTERRUPTED;
      }
      return e.getClass().getPackageName().startsWith("org.apache.felix.gogo")
          ? misread(err, e)
          : dispatcher.complain(err, SCOPE, List.of(line.strip().split("\\s+")), e);
    } finally {
      session.getConsole().flush();
      err.flush();
    }
  }

  /** Ends what a session runs now: gogo runs each line as a job, on a thread of its own. */
  static void interrupt(CommandSession session) {
    Job job = session.foregroundJob();
    if (job != null) {
      job.interrupt();
    }
  }

  private static int misread(PrintStream err, Exception e) {
    err.println("duende: " + e.getMessage());
    return Dispatcher.USAGE;
  }

  /** Names of a session hide commands of that name: with ours there, options and errors are as at the OS prompt. */
  private void refresh() {
    for (String name : commands.names(SCOPE)) {
      if (!(session.get(name) instanceof Ours)) {
        Object _ = session.put(name, new Ours(name, dispatcher));
      }
    }
  }

  private record Ours(String name, Dispatcher dispatcher) implements Function {
    @Override
    public Object execute(CommandSession session, List<Object> arguments) throws Exception {
      List<String> words = new ArrayList<>();
      words.add(name);
      for (Object argument : arguments) {
        words.add(String.valueOf(argument));
      }
      Object result = dispatcher.call(session, SCOPE, words);
      return result == null ? "" : result;
    }
  }
}
