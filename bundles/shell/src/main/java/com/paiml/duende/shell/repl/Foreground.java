package com.paiml.duende.shell.repl;

import com.paiml.duende.shell.call.Caller;
import com.paiml.duende.shell.call.Dispatcher;
import com.paiml.duende.shell.call.LocalCaller;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * The one command for which a container of its own was started: framework property {@code duende.mode} is {@code run}, and
 * {@code duende.arguments} is its command line. The container ends with its exit status.
 */
@Component(
    service = {},
    immediate = true)
public final class Foreground {
  private static final Duration END = Duration.ofSeconds(60);

  private final Dispatcher dispatcher;
  private final CommandProcessor processor;
  private final IntConsumer exit;
  private final String terminals;
  private final @Nullable Thread command;
  private final @Nullable ServiceRegistration<Runnable> interrupt;

  @Activate
  public Foreground(
      BundleContext context,
      @Reference Dispatcher dispatcher,
      @Reference CommandProcessor processor,
      @Reference(target = "(duende.service=exit)") IntConsumer exit) {
    this.dispatcher = dispatcher;
    this.processor = processor;
    this.exit = exit;
    this.terminals = Optional.ofNullable(context.getProperty("duende.terminals")).orElse("");
    String line = context.getProperty("duende.arguments");
    if (!"run".equals(context.getProperty("duende.mode")) || line == null) {
      command = null;
      interrupt = null;
      return;
    }
    List<String> words = List.of(line.split("\0", -1));
    Thread thread = new Thread(() -> run(words), "duende-command");
    command = thread;
    interrupt =
        context.registerService(
            Runnable.class,
            () -> interrupt(thread),
            FrameworkUtil.asDictionary(Map.of("duende.service", "interrupt")));
    thread.start();
  }

  private void run(List<String> words) {
    PrintStream out = stream(FileDescriptor.out);
    PrintStream err = stream(FileDescriptor.err);
    int status = Dispatcher.FAILED;
    try (CommandSession session =
        processor.createSession(new FileInputStream(FileDescriptor.in), out, err)) {
      Object _ = session.put(Caller.VARIABLE, new OwnCaller(session, err, terminals));
      status = dispatcher.run(session, "duende", words);
    } finally {
      exit.accept(status);
    }
  }

  private static PrintStream stream(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }

  /** The process was told to end: the command shuts down what it runs, then says how that went. */
  private static void interrupt(Thread thread) {
    thread.interrupt();
    try {
      boolean _ = thread.join(END);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Deactivate
  void stop() {
    if (interrupt != null) {
      interrupt.unregister();
    }
    if (command != null && !Thread.currentThread().equals(command)) {
      command.interrupt();
    }
  }

  /** The streams are the process's own. */
  private static final class OwnCaller extends LocalCaller {
    private final PrintStream err;
    private final String terminals;

    OwnCaller(CommandSession session, PrintStream err, String terminals) {
      super(session);
      this.err = err;
      this.terminals = terminals;
    }

    @Override
    public PrintStream err() {
      return err;
    }

    @Override
    public boolean isTerminal(int stream) {
      return stream < terminals.length() && terminals.charAt(stream) == '1';
    }

    @Override
    public boolean colour() {
      String no = System.getenv("NO_COLOR");
      return isTerminal(1) && (no == null || no.isEmpty()) && !"dumb".equals(System.getenv("TERM"));
    }
  }
}
