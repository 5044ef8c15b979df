package com.paiml.duende.adapter.process.program;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.event.Datagram;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.NotifySocket;
import com.paiml.duende.linux.event.Readiness;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.spi.AdapterEvents;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.IntPredicate;

/** The receiving end of sd_notify(3) for one run. Only its own processes are heard. */
final class NotifyListener implements AutoCloseable {
  private static final Logger LOGGER = System.getLogger(NotifyListener.class.getName());
  private static final int MAX_STATUS = 256;
  private static final int BATCH = 64;

  /** Who sends on may be somebody else's process that has got hold of the path. */
  private final IntPredicate isOurs;

  private final String daemon;
  private final AdapterEvents events;
  private final NotifySocket socket;
  private volatile String statusText = "";
  private volatile Optional<Watch> watch = Optional.empty();

  private NotifyListener(
      String daemon, AdapterEvents events, NotifySocket socket, IntPredicate isOurs) {
    this.daemon = daemon;
    this.events = events;
    this.socket = socket;
    this.isOurs = isOurs;
  }

  /** Binds the socket; nothing is heard yet. */
  static NotifyListener bind(
      Linux linux, Path path, String daemon, AdapterEvents events, IntPredicate isOurs)
      throws LinuxException {
    return new NotifyListener(daemon, events, linux.notifySocket(path, 0600), isOurs);
  }

  /**
   * The daemon runs as somebody else, who must be able to send. The folder is that user's own, with mode 0700: nobody else comes
   * as far as the socket.
   */
  static NotifyListener bindForEverybody(
      Linux linux, Path path, String daemon, AdapterEvents events, IntPredicate isOurs)
      throws LinuxException {
    return new NotifyListener(daemon, events, linux.notifySocket(path, 0622), isOurs);
  }

  void listen(EventLoop loop) throws LinuxException {
    watch =
        Optional.of(
            loop.watch(
                "notifications of " + daemon, socket.descriptor(), Readiness.IN, r -> receive()));
  }

  Path path() {
    return socket.path();
  }

  String statusText() {
    return statusText;
  }

  private void receive() throws LinuxException {
    // A flood of messages must not keep the loop from others: what is left makes the loop call
    // again.
    for (int i = 0; i < BATCH; i++) {
      try {
        Optional<Datagram> message = socket.receive();
        if (message.isEmpty()) {
          return;
        }
        take(message.get());
      } catch (LinuxException refused) {
        KernelFaults.unlessClosed(socket.descriptor(), refused);
        return;
      }
    }
  }

  private void take(Datagram message) {
    if (!isOurs.test(message.sender().pid())) {
      LOGGER.log(
          Level.WARNING,
          "{0}: a notification from pid {1} was ignored: it is not one of its processes",
          daemon,
          Integer.toString(message.sender().pid()));
      return;
    }
    for (String line : message.text().split("\n")) {
      int equals = line.indexOf('=');
      String key = equals < 0 ? line : line.substring(0, equals);
      String value = equals < 0 ? "" : line.substring(equals + 1);
      switch (key) {
        case "READY" -> {
          if (value.equals("1")) {
            events.ready();
          }
        }
        case "WATCHDOG" -> {
          if (value.equals("1")) {
            events.heartbeat();
          } else if (value.equals("trigger")) {
            events.alert("watchdog", "it reports itself as stuck (WATCHDOG=trigger)");
          }
        }
        case "STATUS" -> {
          statusText = value.length() > MAX_STATUS ? value.substring(0, MAX_STATUS) : value;
          events.statusText(statusText);
        }
        case "MAINPID" ->
            // The main process is the one that was started: its end is the run's end.
            LOGGER.log(
                Level.WARNING,
                "{0}: MAINPID={1} was refused: let the program stay in the foreground",
                daemon,
                value);
        default -> {
          // Other words of sd_notify say nothing that is acted upon here.
        }
      }
    }
  }

  @Override
  public void close() {
    watch.ifPresent(Watch::close);
    socket.close();
  }
}
