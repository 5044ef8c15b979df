package com.paiml.duende.shell.socket;

import com.paiml.duende.shell.call.Caller;
import com.paiml.duende.shell.call.Dispatcher;
import com.paiml.duende.shell.wire.Frame;
import com.paiml.duende.shell.wire.FrameReader;
import com.paiml.duende.shell.wire.FrameWriter;
import com.paiml.duende.shell.wire.Hello;
import com.paiml.duende.shell.wire.MalformedFrame;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;

/**
 * One client and its command. Three threads: this one reads what the client says, one runs the command, one writes; none of
 * them waits for another client.
 */
final class Connection implements Runnable, AutoCloseable {
  private static final System.Logger LOG = System.getLogger("duende.control");
  private static final Duration LAST_WORDS = Duration.ofSeconds(30);

  private final SocketChannel channel;
  private final Services services;
  private final Outbox outbox;
  private final Thread writer;
  private final RemoteInput input;
  private final RemoteFile files;
  private final PrintStream out;
  private final PrintStream err;
  private volatile boolean interrupted;
  private volatile boolean answered;

  /**
   * What a connection needs of its server.
   *
   * @param dispatcher runs the command
   * @param processor makes its session
   * @param timer for the time in which the hello is due
   * @param hello that time
   */
  record Services(
      Dispatcher dispatcher,
      CommandProcessor processor,
      ScheduledExecutorService timer,
      Duration hello) {}

  Connection(SocketChannel channel, Services services) {
    this.channel = channel;
    this.services = services;
    this.outbox = new Outbox(new FrameWriter(channel), this::close);
    this.writer = thread(outbox, "duende-control-out");
    this.input = new RemoteInput(outbox);
    this.files = new RemoteFile(outbox);
    this.out = new PrintStream(outbox.stream(Frame.OUTPUT), true, StandardCharsets.UTF_8);
    this.err = new PrintStream(outbox.stream(Frame.ERROR), true, StandardCharsets.UTF_8);
  }

  @Override
  public void run() {
    writer.start();
    try {
      FrameReader reader = new FrameReader(channel);
      Hello hello = hello(reader);
      RemoteCaller caller = new RemoteCaller(hello, outbox, input, files, err);
      Thread command = thread(() -> serve(hello, caller), "duende-command");
      command.start();
      try {
        while (true) {
          byte[] contents = reader.next();
          heard(reader.kind(), contents, caller, command);
        }
      } finally {
        close();
        leave(command, hello);
      }
    } catch (MalformedFrame e) {
      LOG.log(Level.WARNING, "closed a client of the control socket: it sent {0}", e.getMessage());
    } catch (EOFException e) {
      LOG.log(Level.DEBUG, "client left");
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "client left", e);
    } finally {
      close();
      writer.interrupt();
    }
  }

  private Hello hello(FrameReader reader) throws IOException {
    ScheduledFuture<?> deadline =
        services
            .timer()
            .schedule(this::tooSlow, services.hello().toMillis(), TimeUnit.MILLISECONDS);
    try {
      byte[] contents = reader.next();
      if (reader.kind() != Frame.HELLO) {
        throw new MalformedFrame("no hello first");
      }
      return Hello.decode(contents);
    } finally {
      boolean _ = deadline.cancel(false);
    }
  }

  private void tooSlow() {
    LOG.log(
        Level.WARNING,
        "closed a client of the control socket: it sent no command within {0} ms",
        services.hello().toMillis());
    close();
  }

  private void heard(byte kind, byte[] contents, RemoteCaller caller, Thread command)
      throws MalformedFrame {
    switch (kind) {
      case Frame.INPUT -> input.arrived(contents);
      case Frame.FILE -> files.arrived(contents);
      case Frame.NO_FILE -> files.refused(new String(contents, StandardCharsets.UTF_8));
      case Frame.INTERRUPT -> {
        interrupted = true;
        interrupt(command);
      }
      case Frame.WINDOW -> {
        if (contents.length != 4) {
          throw new MalformedFrame("a window of " + contents.length + " bytes");
        }
        ByteBuffer size = ByteBuffer.wrap(contents);
        caller.resize(size.getShort() & 0xffff, size.getShort() & 0xffff);
      }
      default -> throw new MalformedFrame("a frame of kind " + (char) kind + " out of turn");
    }
  }

  /** Runs the command and says its exit status: the thread of the command. */
  private void serve(Hello hello, RemoteCaller caller) {
    int status = Dispatcher.FAILED;
    try (CommandSession session = services.processor().createSession(input, out, err)) {
      Object _ = session.put(Caller.VARIABLE, caller);
      session.currentDir(Path.of(hello.directory()));
      status = services.dispatcher().run(session, hello.scope(), hello.words());
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "command of a client", e);
    } finally {
      answered = true;
      byte exit = (byte) (interrupted ? Dispatcher.INTERRUPTED : status);
      outbox.sendLast(LAST_WORDS, Frame.EXIT, exit);
      boolean _ = await(writer, LAST_WORDS);
      close();
      caller.runAfterwards();
    }
  }

  /** The client is gone: so is the interest in its command. */
  private void leave(Thread command, Hello hello) {
    input.end();
    files.refused("the client is gone");
    interrupt(command);
    while (command.isAlive()) {
      if (!await(command, Duration.ofMinutes(1)) && command.isAlive()) {
        LOG.log(
            Level.WARNING,
            "a client has left, and its command {0} does not end",
            hello.words().isEmpty() ? "" : hello.words().getFirst());
      }
      if (Thread.currentThread().isInterrupted()) {
        return;
      }
    }
  }

  private void interrupt(Thread command) {
    if (!answered) {
      command.interrupt();
    }
  }

  private static boolean await(Thread thread, Duration time) {
    try {
      return thread.join(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static Thread thread(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "closing a client", e);
    }
  }
}
