package com.paiml.duende.shell.repl;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.shell.call.Caller;
import com.paiml.duende.shell.call.Commands;
import com.paiml.duende.shell.call.Dispatcher;
import com.paiml.duende.shell.text.Answer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende shell}. */
@Component(service = Shell.class)
@GogoCommand(scope = "duende", function = "shell")
public final class Shell {
  private final BundleContext context;
  private final Dispatcher dispatcher;
  private final Commands commands;
  private final CommandProcessor processor;

  @Activate
  public Shell(
      BundleContext context,
      @Reference Dispatcher dispatcher,
      @Reference Commands commands,
      @Reference CommandProcessor processor) {
    this.context = context;
    this.dispatcher = dispatcher;
    this.commands = commands;
    this.processor = processor;
  }

  @Descriptor(
      "Reads commands and runs them inside the container. On a terminal with line editing, history"
          + " and completion; otherwise line by line from standard input, ending with the status of"
          + " the last. With words: runs these as one line of gogo script, such as 'ps | grep"
          + " web'.")
  public Answer shell(CommandSession session, @Descriptor("a line of script") String... script)
      throws DaemonException {
    Interpreter interpreter = new Interpreter(session, dispatcher, commands);
    int status;
    if (script.length > 0) {
      status = interpreter.run(String.join(" ", script));
    } else if (Caller.of(session).isTerminal(0) && Caller.of(session).isTerminal(1)) {
      status = onTerminal(session);
    } else {
      status = readLines(session, interpreter);
    }
    Answer nothing = style -> "";
    return nothing.withStatus(status);
  }

  private int onTerminal(CommandSession session) throws DaemonException {
    Optional<Path> history =
        Optional.ofNullable(context.getProperty("duende.data"))
            .map(data -> Path.of(data, "shell_history"));
    try {
      return new LineEditor(session, processor, dispatcher, commands, history).run();
    } catch (NoClassDefFoundError e) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          "shell",
          "has no line editing: the bundle org.jline is not here",
          "install it, or give it lines on standard input",
          e);
    }
  }

  private static int readLines(CommandSession session, Interpreter interpreter)
      throws DaemonException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(session.getKeyboard(), StandardCharsets.UTF_8));
    int status = Dispatcher.OK;
    try {
      for (String line = lines.readLine();
          line != null && status != Dispatcher.INTERRUPTED;
          line = lines.readLine()) {
        String text = line.strip();
        if (text.equals("exit") || text.equals("quit")) {
          break;
        }
        if (!text.isEmpty() && !text.startsWith("#")) {
          status = interpreter.run(text);
        }
      }
      return status;
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, "standard input", "cannot be read: " + e.getMessage(), "", e);
    }
  }
}
