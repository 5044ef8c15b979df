package com.paiml.duende.shell.call;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.shell.text.Answer;
import java.io.PrintStream;
import java.lang.System.Logger.Level;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.apache.felix.service.threadio.ThreadIO;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Runs one command line: finds the command, binds its words, shows its answer, and says its exit status. */
@Component(service = Dispatcher.class)
public final class Dispatcher {
  public static final int OK = 0;
  public static final int FAILED = 1;
  public static final int USAGE = 2;
  public static final int INTERRUPTED = 130;

  private static final System.Logger LOG = System.getLogger("duende.shell");

  private final Commands commands;
  private final ThreadIO threads;

  @Activate
  public Dispatcher(@Reference Commands commands, @Reference ThreadIO threads) {
    this.commands = commands;
    this.threads = threads;
  }

  /**
   * Runs a command on this thread.
   *
   * @param session with its {@link Caller}
   * @param scope whose commands are meant
   * @param words the command and its arguments
   * @return the exit status
   */
  public int run(CommandSession session, String scope, List<String> words) {
    Caller caller = Caller.of(session);
    PrintStream out = session.getConsole();
    threads.setStreams(session.getKeyboard(), out, caller.err());
    try {
      Object result = call(session, scope, words);
      out.flush();
      return show(session, result);
    } catch (Exception e) {
      out.flush();
      return complain(caller.err(), scope, words, e);
    } finally {
      threads.close();
      caller.err().flush();
    }
  }

  /**
   * Runs a command and returns what it answers.
   *
   * @throws Exception whatever the command throws; {@link UsageException} when the words do not fit
   */
  public @Nullable Object call(CommandSession session, String scope, List<String> words)
      throws Exception {
    if (words.isEmpty()) {
      throw new UsageException("which command?");
    }
    String function = words.getFirst();
    List<String> arguments = words.subList(1, words.size());
    Optional<Commands.Held> found = commands.find(scope, function);
    if (found.isEmpty()) {
      throw new UsageException("no command " + function);
    }
    try (Commands.Held held = found.get()) {
      Class<?> type = held.service().getClass();
      if (asksForHelp(arguments)) {
        return HelpText.of(type, program(scope), function);
      }
      return invoke(held.service(), HelpText.methods(type, function), session, arguments);
    }
  }

  /** Shows what a command has returned; the exit status that follows from it. */
  public int show(CommandSession session, @Nullable Object result) {
    PrintStream out = session.getConsole();
    if (result != null) {
      CharSequence text = session.format(result, Converter.INSPECT);
      out.append(text);
      if (!text.isEmpty() && text.charAt(text.length() - 1) != '\n') {
        out.append('\n');
      }
      out.flush();
    }
    return result instanceof Answer answer ? answer.status() : OK;
  }

  /** One sentence for each thing that is wrong; the exit status that follows from it. */
  @CanIgnoreReturnValue
  public int complain(PrintStream err, String scope, List<String> words, Exception e) {
    String program = program(scope);
    switch (e) {
      case ConfigException faults -> {
        for (ConfigFault fault : faults.faults()) {
          err.println(fault);
        }
      }
      case Faults several -> several.all().forEach(one -> complain(err, scope, words, one));
      case DaemonException d when d.code().equals(UsageException.CODE) -> {
        String command = words.isEmpty() ? "" : " " + words.getFirst();
        boolean known = !words.isEmpty() && commands.names(scope).contains(words.getFirst());
        err.println(
            program
                + (known ? command : "")
                + ": "
                + d.getMessage()
                + "; see '"
                + program
                + (known ? command + " --help'" : " help'"));
        return USAGE;
      }
      case DaemonException d -> err.println(program + ": " + d.getMessage());
      case InterruptedException i -> {
        return INTERRUPTED;
      }
      default -> {
        LOG.log(Level.ERROR, "command " + String.join(" ", words), e);
        err.println(
            program
                + ": "
                + words.getFirst()
                + " failed inside: "
                + e
                + "; see the container's log");
      }
    }
    return FAILED;
  }

  /** The command at the OS prompt that has this scope. */
  static String program(String scope) {
    return switch (scope) {
      case "wos" -> "wos-ctl";
      case "mlock", "ublk" -> "duende " + scope;
      default -> scope;
    };
  }

  private static boolean asksForHelp(List<String> arguments) {
    int end = arguments.indexOf("--");
    List<String> options = end < 0 ? arguments : arguments.subList(0, end);
    return options.contains("--help") || options.contains("-h");
  }

  private static @Nullable Object invoke(
      Object service, List<Method> methods, CommandSession session, List<String> arguments)
      throws Exception {
    UsageException misfit = new UsageException("it has no public method of its name");
    for (Method method : methods) {
      @Nullable Object[] bound;
      try {
        bound = Binding.arguments(Shape.of(method), session, arguments);
      } catch (UsageException e) {
        misfit = e;
        continue;
      }
      try {
        method.setAccessible(true);
        return method.invoke(service, bound);
      } catch (InvocationTargetException e) {
        if (e.getCause() instanceof Exception cause) {
          throw cause;
        }
        throw e;
      }
    }
    throw misfit;
  }
}
