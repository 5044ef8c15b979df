package com.paiml.duende.adapter.systemd.run;

import com.paiml.duende.adapter.systemd.service.ServiceManager.Whom;
import com.paiml.duende.adapter.systemd.unit.ExecFailure;
import com.paiml.duende.adapter.systemd.unit.Setting;
import com.paiml.duende.adapter.systemd.unit.UnitSettings;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.support.program.ProgramFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A command beside a daemon: a unit of its own, with the daemon's user, environment, directory and sandbox, that is gone at
 * the end. What it prints comes over a socket, to which systemd connects its standard output (systemd.exec(5), {@code
 * StandardOutput=file:}), so that a flood of it goes nowhere.
 */
final class CommandUnit {
  private static final int MAX_OUTPUT = 4096;
  private static final int SIGKILL = 9;
  private static final Duration AFTER_KILL = Duration.ofSeconds(5);
  private static final Duration DRAIN = Duration.ofSeconds(2);

  private final Domain domain;
  private final LaunchSpec spec;
  private final String unit;
  private final Path socket;

  CommandUnit(Domain domain, LaunchSpec spec, long number) {
    this.domain = domain;
    this.spec = spec;
    // A colon is in no daemon's name.
    this.unit = spec.instance().qualify(spec.name()) + ":exec-" + number + ".service";
    this.socket = spec.runDirectory().toAbsolutePath().resolve("x" + number);
  }

  ExecResult run(List<String> command, Deadline deadline) throws DaemonException {
    if (command.isEmpty()) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION, spec.name(), "an empty command", "write program and arguments");
    }
    Path program = ProgramFile.find(command.getFirst(), spec, domain.machine()::path);
    List<Setting> settings =
        UnitSettings.ofCommand(
            spec,
            program,
            command,
            socket,
            domain.manager().version(),
            domain.inherited(),
            domain.ofUser());
    try (Output output = new Output(socket)) {
      Ending ending = new Ending();
      try (var _ = domain.manager().watch(unit, ending)) {
        String _ = domain.manager().startTransient(unit, settings, deadline);
        boolean timedOut = !await(ending, deadline);
        if (timedOut) {
          kill(ending);
        }
        output.await();
        return result(ending, timedOut, output);
      }
    } catch (IOException refused) {
      throw new DaemonException(
          ErrorCode.IO,
          spec.name(),
          "a socket for a command's output cannot be made: " + refused.getMessage(),
          "see the rights of " + spec.runDirectory(),
          refused);
    }
  }

  private static boolean await(Ending ending, Deadline deadline) throws DaemonException {
    while (!ending.isOver()) {
      if (deadline.hasPassed()) {
        return false;
      }
      ending.await(deadline);
    }
    return true;
  }

  private void kill(Ending ending) throws DaemonException {
    Deadline end = Deadline.after(AFTER_KILL);
    try {
      domain.manager().kill(unit, Whom.ALL, SIGKILL, end);
    } catch (DaemonException refused) {
      if (!refused.code().equals(ErrorCode.NOT_FOUND)) {
        throw refused;
      }
    }
    if (!await(ending, end)) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          spec.name(),
          "its command (" + unit + ") was killed and is not gone yet",
          "it may wait for a device; see systemctl status " + unit);
    }
  }

  private ExecResult result(Ending ending, boolean timedOut, Output output) throws DaemonException {
    long code = ending.state().number("ExecMainCode");
    long status = ending.state().number("ExecMainStatus");
    if (ending.startResult().equals("failed") && code == 1 && ExecFailure.is(status)) {
      throw new DaemonException(
          ErrorCode.SPAWN,
          spec.name(),
          "its command: " + ExecFailure.describe(status),
          "see journalctl -u " + unit);
    }
    return new ExecResult((int) (code == 1 ? status : 128 + status), timedOut, output.text());
  }

  /** The head of what is printed; the rest is read and dropped. */
  private static final class Output implements AutoCloseable {
    private final ServerSocketChannel listener;
    private final Path path;
    private final ByteArrayOutputStream head = new ByteArrayOutputStream();
    private final List<SocketChannel> open = new ArrayList<>();
    private final CountDownLatch drained = new CountDownLatch(1);

    Output(Path path) throws IOException {
      this.path = path;
      Files.deleteIfExists(path);
      listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        var _ = listener.bind(UnixDomainSocketAddress.of(path));
        var _ = Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
      } catch (IOException e) {
        listener.close();
        throw e;
      }
      Thread.ofPlatform().name("duende-systemd-command").daemon().start(this::accept);
    }

    /** Standard output, and standard error where systemd connects that by itself. */
    private void accept() {
      try {
        while (true) {
          SocketChannel channel = listener.accept();
          synchronized (open) {
            open.add(channel);
          }
          Thread.ofPlatform().name("duende-systemd-output").daemon().start(() -> read(channel));
        }
      } catch (IOException closed) {
        drained.countDown();
      }
    }

    private void read(SocketChannel channel) {
      ByteBuffer buffer = ByteBuffer.allocate(8192);
      try {
        while (channel.read(buffer.clear()) >= 0) {
          add(buffer.array(), buffer.position());
        }
      } catch (IOException closed) {
        add(new byte[0], 0);
      }
      synchronized (open) {
        open.remove(channel);
        if (open.isEmpty()) {
          drained.countDown();
        }
      }
    }

    private synchronized void add(byte[] bytes, int count) {
      head.write(bytes, 0, Math.min(count, MAX_OUTPUT - head.size()));
    }

    synchronized String text() {
      return head.toString(StandardCharsets.UTF_8);
    }

    /** It has ended: what it has printed arrives at once, or never. */
    void await() {
      try {
        boolean _ = drained.await(DRAIN.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void close() throws IOException {
      listener.close();
      synchronized (open) {
        for (SocketChannel channel : open) {
          channel.close();
        }
      }
      Files.deleteIfExists(path);
    }
  }
}
