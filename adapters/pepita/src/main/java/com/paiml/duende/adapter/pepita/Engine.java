package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.channel.Sockets;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.ProcessIdentity;
import com.paiml.duende.linux.process.Processes;
import com.paiml.duende.linux.process.Spawner;
import com.paiml.duende.support.log.RotatedLogs;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/**
 * What all machines share: one thread for the ends of monitors, one for sockets, one for what takes time. Opened with the
 * first machine; an adapter without any costs nothing. Safe for several threads.
 */
final class Engine implements AutoCloseable {
  private static final Logger LOGGER = System.getLogger(Engine.class.getName());

  final Linux linux;
  final Spawner spawner;
  final Processes processes;
  final EventLoop loop;
  final Sockets sockets;
  final RotatedLogs logs = new RotatedLogs();

  /** Ends of runs, second tries, and kills that are due. */
  final ScheduledExecutorService later =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("duende-pepita-later").factory());

  private Engine(Linux linux, Spawner spawner, EventLoop loop, Sockets sockets) {
    this.linux = linux;
    this.spawner = spawner;
    this.processes = linux.processes();
    this.loop = loop;
    this.sockets = sockets;
  }

  static Engine open() throws DaemonException {
    switch (Linux.detect()) {
      case Linux.NotHere(String reason) ->
          throw new DaemonException(
              ErrorCode.NOT_SUPPORTED, "pepita", reason, "machines are run on Linux");
      case Linux.Here(Linux linux) -> {
        try {
          Spawner spawner = linux.spawner();
          EventLoop loop =
              linux.eventLoop(
                  "duende-pepita-ends", (what, fault) -> LOGGER.log(Level.ERROR, what, fault));
          return new Engine(
              linux, spawner, loop, new Sockets("duende-pepita-sockets", Optional.of(linux)));
        } catch (LinuxException | IOException e) {
          throw new DaemonException(
              ErrorCode.IO, "pepita", "cannot begin: " + e.getMessage(), "see the limits", e);
        }
      }
    }
  }

  /** The process of that identity, if it is alive. */
  Optional<Pidfd> find(String identity) {
    try {
      return processes.open(ProcessIdentity.decode(identity));
    } catch (LinuxException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  boolean isAlive(String identity) {
    Optional<Pidfd> found = find(identity);
    found.ifPresent(Pidfd::close);
    return found.isPresent();
  }

  /** This container's own identity. */
  String own() throws DaemonException {
    try (Pidfd self = processes.open((int) ProcessHandle.current().pid())) {
      return processes.identify(self).encode();
    } catch (LinuxException e) {
      throw new DaemonException(ErrorCode.IO, "pepita", e.getMessage(), "", e);
    }
  }

  @Override
  public void close() {
    sockets.close();
    loop.close();
    var _ = later.shutdownNow();
    spawner.close();
    try {
      logs.close();
    } catch (IOException e) {
      LOGGER.log(Level.WARNING, "closing the logs of machines: " + e.getMessage());
    }
  }
}
