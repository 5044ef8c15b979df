package com.paiml.duende.adapter.pepita.command;

import com.paiml.duende.adapter.pepita.Console;
import com.paiml.duende.adapter.pepita.Vms;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code pepita:console}. */
@Component(
    service = Attach.class,
    property = {"osgi.command.scope=pepita", "osgi.command.function=console"})
public final class Attach {
  private static final Duration LOOK = Duration.ofMillis(200);
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** Pieces of a console that are kept for a terminal that is slow; what is more is left out. */
  private static final int AHEAD = 1024;

  private final Vms vms;

  @Activate
  public Attach(@Reference Vms vms) {
    this.vms = vms;
  }

  @Descriptor(
      "Shows the serial console of a machine, what it said before first, and types on it what is"
          + " typed here. Ctrl-C ends it; the machine goes on. With [pepita] shell = true a shell"
          + " of the guest listens there.")
  public void console(
      CommandSession session,
      @Descriptor("only what was said until now")
          @Parameter(
              names = {"--once"},
              presentValue = "true",
              absentValue = "false")
          boolean once,
      @Descriptor("a daemon or its machine") String name)
      throws Exception {
    Console console = Answers.find(vms, name).console();
    PrintStream out = session.getConsole();
    BlockingQueue<byte[]> pieces = new ArrayBlockingQueue<>(AHEAD);
    try (AutoCloseable _ = console.listen(pieces::offer)) {
      out.write(console.kept());
      out.flush();
      if (once) {
        return;
      }
      Thread typist = startTypist(session.getKeyboard(), console);
      try {
        show(console, pieces, out);
      } finally {
        typist.interrupt();
      }
    }
  }

  private static void show(Console console, BlockingQueue<byte[]> pieces, PrintStream out)
      throws InterruptedException, IOException {
    while (console.isOpen() || !pieces.isEmpty()) {
      byte[] piece = pieces.poll(LOOK.toMillis(), TimeUnit.MILLISECONDS);
      if (piece != null) {
        out.write(piece);
        out.flush();
      }
    }
  }

  /** Reading a terminal blocks: for as long as somebody is attached it has a thread. */
  private static Thread startTypist(InputStream keyboard, Console console) {
    return Thread.ofVirtual()
        .name("pepita-console")
        .start(
            () -> {
              byte[] room = new byte[256];
              try {
                for (int n = keyboard.read(room); n > 0; n = keyboard.read(room)) {
                  console.type(Arrays.copyOf(room, n), Deadline.after(PATIENCE));
                }
              } catch (IOException | DaemonException e) {
                System.getLogger(Attach.class.getName())
                    .log(System.Logger.Level.DEBUG, "no more is typed", e);
              }
            });
  }
}
