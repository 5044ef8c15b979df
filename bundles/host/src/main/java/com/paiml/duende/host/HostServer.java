package com.paiml.duende.host;

import com.paiml.duende.api.ExitReason;
import java.io.IOException;
import java.io.PrintStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import jdk.net.ExtendedSocketOptions;

/**
 * Where the manager comes in. One conversation at a time: a manager that comes anew takes the place of the one before, and is
 * told what that one had been told.
 */
final class HostServer implements AutoCloseable {
  /** Whoever answers requests. */
  interface Answerer {
    /** Answers in its own time, through {@link #send}; must not block. */
    void answer(Message request);
  }

  private final String name;
  private final Path path;
  private final ServerSocketChannel server;
  private final UserPrincipal owner;
  private final PrintStream log;
  private final Answerer answerer;
  private final AtomicBoolean closed = new AtomicBoolean();
  private Optional<Link> link = Optional.empty();
  private boolean ready;
  private Optional<String> status = Optional.empty();
  private Optional<ExitReason> ended = Optional.empty();

  private HostServer(
      String name, Path path, ServerSocketChannel server, PrintStream log, Answerer answerer)
      throws IOException {
    this.name = name;
    this.path = path;
    this.server = server;
    this.owner = Files.getOwner(path);
    this.log = log;
    this.answerer = answerer;
  }

  static HostServer listen(String name, Path path, PrintStream log, Answerer answerer)
      throws IOException {
    // The socket gets its name once it is private and listens: whoever sees it may come in. No
    // longer than that name, for
    // the room that an address has is small.
    Path fresh = path.resolveSibling("new.sock");
    // An earlier run that was killed has left its socket.
    Files.deleteIfExists(fresh);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(UnixDomainSocketAddress.of(fresh));
      Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-------"));
      Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      HostServer listening = new HostServer(name, path, server, log, answerer);
      Thread.ofPlatform().daemon().name("duende-host-accept").start(listening::accept);
      return listening;
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  private void accept() {
    while (!closed.get()) {
      try {
        admit(server.accept());
      } catch (IOException e) {
        if (!closed.get()) {
          log.println("[duende: the manager cannot come in: " + e.getMessage() + "]");
          pause();
        }
      } catch (NoClassDefFoundError e) {
        // A runtime that was cut too small: said, and not a thread that is silently gone.
        log.println(
            "[duende: the manager cannot come in: this Java runtime lacks the module jdk.net]");
        return;
      }
    }
  }

  /** Descriptors may have run out: trying at once again would spin. */
  private static void pause() {
    try {
      Thread.sleep(200);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void admit(SocketChannel channel) throws IOException {
    // unix(7), SO_PEERCRED: whoever may write to the socket's folder may connect, but only we and
    // root may command.
    UserPrincipal peer = channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
    if (!peer.equals(owner) && !peer.getName().equals("root")) {
      log.println("[duende: a connection of user " + peer.getName() + " was refused]");
      channel.close();
      return;
    }
    Link fresh =
        new Link(
            "duende-host",
            channel,
            new Link.Listener() {
              @Override
              public void received(Message message) throws IOException {
                hear(message);
              }

              @Override
              public void closed(String why) {
                // It comes again when it wants to.
              }
            });
    synchronized (this) {
      link.ifPresent(Link::close);
      link = Optional.of(fresh);
      fresh.send(Message.of(Message.Kind.HELLO, 0, Message.VERSION));
      if (ready) {
        fresh.send(Message.of(Message.Kind.READY));
      }
      if (status.isPresent()) {
        fresh.send(Message.of(Message.Kind.STATUS, 0, status.get()));
      }
      if (ended.isPresent()) {
        fresh.send(Message.of(Message.Kind.STOPPING, 0, ended.get()));
      }
    }
    fresh.start();
  }

  private void hear(Message message) throws IOException {
    switch (message.kind()) {
      case HELLO -> {
        int version = message.value(Integer.class);
        if (version != Message.VERSION) {
          throw new IOException("the manager speaks version " + version + " of the host protocol");
        }
      }
      case HEALTH, METRICS, SIGNAL, RELOAD -> answerer.answer(message);
      case READY, HEARTBEAT, STATUS, STOPPING, ANSWER, REFUSAL ->
          throw new IOException(message.kind() + " is not the manager's to say");
    }
  }

  synchronized void send(Message message) {
    link.ifPresent(l -> l.send(message));
  }

  synchronized void ready() {
    if (!ready) {
      ready = true;
      send(Message.of(Message.Kind.READY));
    }
  }

  synchronized void status(String text) throws IOException {
    status = Optional.of(text);
    send(Message.of(Message.Kind.STATUS, 0, text));
  }

  synchronized void stopping(ExitReason reason) throws IOException {
    ended = Optional.of(reason);
    send(Message.of(Message.Kind.STOPPING, 0, reason));
  }

  /** Says what is left to be said, and closes. */
  @Override
  public void close() throws IOException {
    closed.set(true);
    Optional<Link> last;
    synchronized (this) {
      last = link;
    }
    try {
      if (last.isPresent()) {
        last.get().drain(500);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    last.ifPresent(Link::close);
    server.close();
    Files.deleteIfExists(path);
  }

  @Override
  public String toString() {
    return name + " on " + path;
  }
}
