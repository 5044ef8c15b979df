package com.paiml.duende.adapter.pepita.monitor;

import com.paiml.duende.adapter.pepita.channel.Sockets;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * The QEMU Machine Protocol: lines of JSON over a unix socket, each command answered by its number (docs/interop/qmp-spec of
 * QEMU). Events are passed over: the end of the process tells more.
 */
final class Qmp implements Sockets.Listener, Monitor.Control {
  private static final System.Logger LOGGER = System.getLogger(Qmp.class.getName());
  private static final int LONGEST_LINE = 1 << 20;

  /** The words for a machine whose processors stand still, for one reason or another. */
  private static final Set<String> STANDING =
      Set.of("paused", "postmigrate", "finish-migrate", "prelaunch");

  private static final long FASTEST = 1L << 40;
  private static final long LOOK_NANOS = 2_000_000;
  private static final Duration CANCEL = Duration.ofSeconds(10);

  private final String thing;
  private final Map<Long, CompletableFuture<Map<String, Object>>> asked = new ConcurrentHashMap<>();
  private final AtomicInteger numbers = new AtomicInteger();
  private final StringBuilder line = new StringBuilder();
  private volatile Sockets.Socket socket;

  @SuppressWarnings("NullAway.Init")
  private Qmp(String thing) {
    this.thing = thing;
  }

  static Qmp connect(Sockets sockets, Path path, String thing, Deadline deadline)
      throws IOException, DaemonException {
    Qmp qmp = new Qmp(thing);
    qmp.socket = sockets.connect(path, qmp);
    try {
      Map<String, Object> _ = qmp.execute("qmp_capabilities", Map.of(), deadline);
      return qmp;
    } catch (DaemonException e) {
      qmp.close();
      throw e;
    }
  }

  @Override
  public void received(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      char c = (char) (bytes.get() & 0xff);
      if (c == '\n') {
        take(line.toString());
        line.setLength(0);
      } else if (line.length() < LONGEST_LINE) {
        line.append(c);
      }
    }
  }

  private void take(String text) {
    if (text.isBlank()) {
      return;
    }
    try {
      Map<String, Object> answer = Words.read(text);
      if (answer.get("id") instanceof Long id) {
        CompletableFuture<Map<String, Object>> waiting = asked.remove(id);
        if (waiting != null) {
          waiting.complete(answer);
        }
      }
    } catch (IOException e) {
      LOGGER.log(System.Logger.Level.WARNING, thing + ": QEMU says " + text);
    }
  }

  @Override
  public void ended(String why) {
    asked.values().forEach(f -> f.completeExceptionally(new IOException("QEMU is gone: " + why)));
    asked.clear();
  }

  @SuppressWarnings("unchecked")
  Map<String, Object> execute(String command, Map<String, ?> arguments, Deadline deadline)
      throws DaemonException {
    return ask(command, arguments, deadline) instanceof Map<?, ?> map
        ? (Map<String, Object>) map
        : Map.of();
  }

  private Object ask(String command, Map<String, ?> arguments, Deadline deadline)
      throws DaemonException {
    long id = numbers.incrementAndGet();
    CompletableFuture<Map<String, Object>> waiting = new CompletableFuture<>();
    asked.put(id, waiting);
    Map<String, Object> words = new LinkedHashMap<>();
    words.put("execute", command);
    if (!arguments.isEmpty()) {
      words.put("arguments", arguments);
    }
    words.put("id", id);
    try {
      socket.send(
          ByteBuffer.wrap((Words.write(words) + "\n").getBytes(StandardCharsets.UTF_8)),
          thing,
          deadline);
      Map<String, Object> answer =
          waiting.get(Math.max(1, deadline.remaining().toNanos()), TimeUnit.NANOSECONDS);
      if (answer.get("error") instanceof Map<?, ?> error) {
        throw new DaemonException(
            ErrorCode.INVALID_STATE,
            thing,
            "QEMU refuses " + command + ": " + error.get("desc"),
            "see \"pepita inspect\"");
      }
      return answer.getOrDefault("return", Map.of());
    } catch (IOException | ExecutionException e) {
      throw new DaemonException(
          ErrorCode.IO, thing, "QEMU does not take " + command + ": " + e.getMessage(), "", e);
    } catch (TimeoutException e) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          thing,
          "QEMU did not answer " + command + " in time",
          "the machine is overloaded, or QEMU hangs: kill the daemon",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(ErrorCode.TIMEOUT, thing, "waiting was interrupted", "", e);
    } finally {
      asked.remove(id);
    }
  }

  @Override
  public void boot(VmPlan plan, Deadline deadline) {
    // It boots as soon as it is started.
  }

  @Override
  public void pause(Deadline deadline) throws DaemonException {
    Map<String, Object> _ = execute("stop", Map.of(), deadline);
  }

  @Override
  public void resume(Deadline deadline) throws DaemonException {
    Map<String, Object> _ = execute("cont", Map.of(), deadline);
  }

  @Override
  public boolean isPaused(Deadline deadline) throws DaemonException {
    return STANDING.contains(status(deadline));
  }

  private String status(Deadline deadline) throws DaemonException {
    return String.valueOf(execute("query-status", Map.of(), deadline).get("status"));
  }

  // --- snapshots --------------------------------------------------------------------------------

  /** Where a monitor that was started to wait for a machine's state is given it. */
  static Path incoming(VmPlan plan) {
    return plan.folder().resolve("in");
  }

  @Override
  public String exactVersion(Deadline deadline) throws DaemonException {
    Map<String, Object> said = execute("query-version", Map.of(), deadline);
    if (!(said.get("qemu") instanceof Map<?, ?> number)) {
      return "";
    }
    String version = number.get("major") + "." + number.get("minor") + "." + number.get("micro");
    String built = String.valueOf(said.getOrDefault("package", "")).strip();
    return built.isEmpty() ? version : version + " (" + built.replaceAll("^\\(|\\)$", "") + ")";
  }

  @Override
  public SavedState save(VmPlan plan, Path file, Deadline deadline) throws DaemonException {
    try (StateSocket socket = StateSocket.listen(plan)) {
      // As fast as the disk takes it; the default is for networks.
      Map<String, Object> _ =
          execute("migrate-set-parameters", Map.of("max-bandwidth", FASTEST), deadline);
      Map<String, Object> _ =
          execute("migrate", Map.of("uri", "unix:" + socket.asMonitorSeesIt()), deadline);
      SavedState saved = socket.receive(file, SavedState.most(plan.memory()), deadline);
      awaitSaved(deadline);
      return saved;
    } catch (IOException e) {
      cancel();
      throw new DaemonException(
          ErrorCode.IO,
          thing,
          "its state cannot be written down: " + e.getMessage(),
          "see the space left where " + file + " is",
          e);
    } catch (DaemonException e) {
      cancel();
      throw e;
    }
  }

  /** The end of the bytes comes a moment before QEMU's own word that they were all. */
  private void awaitSaved(Deadline deadline) throws DaemonException {
    while (true) {
      Map<String, Object> said = execute("query-migrate", Map.of(), deadline);
      String status = String.valueOf(said.get("status"));
      if (status.equals("completed")) {
        return;
      }
      if (status.equals("failed") || status.equals("cancelled") || deadline.hasPassed()) {
        throw new DaemonException(
            deadline.hasPassed() ? ErrorCode.TIMEOUT : ErrorCode.IO,
            thing,
            "QEMU has not written down its state whole: "
                + status
                + (said.get("error-desc") instanceof String why ? ", " + why : ""),
            "see its monitor.log");
      }
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  /** It must be able to go on, whatever was in the way. */
  private void cancel() {
    try {
      Map<String, Object> _ = execute("migrate_cancel", Map.of(), Deadline.after(CANCEL));
    } catch (DaemonException e) {
      LOGGER.log(System.Logger.Level.WARNING, e.getMessage());
    }
  }

  @Override
  public void load(VmPlan plan, Path file, Deadline deadline) throws DaemonException {
    try {
      StateSocket.send(file, incoming(plan), deadline);
      boolean _ = Files.deleteIfExists(incoming(plan));
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, thing, "QEMU does not take up its state: " + e.getMessage(), "", e);
    }
  }

  @Override
  public boolean isLoaded(Deadline deadline) throws DaemonException {
    return !status(deadline).equals("inmigrate");
  }

  @Override
  public boolean limitDisks(int disks, DiskRate rate, Deadline deadline) throws DaemonException {
    for (int i = 0; i < disks; i++) {
      Map<String, Object> words = new LinkedHashMap<>();
      words.put("device", QemuMonitor.DISK + i);
      words.put("bps", 0L);
      words.put("bps_rd", rate.read());
      words.put("bps_wr", rate.written());
      words.put("iops", 0L);
      words.put("iops_rd", 0L);
      words.put("iops_wr", 0L);
      // One group: the limit is on all of them together.
      words.put("group", "duende");
      Map<String, Object> _ = execute("block_set_io_throttle", words, deadline);
    }
    return true;
  }

  @Override
  public Optional<DiskRate> diskRate(Deadline deadline) throws DaemonException {
    if (ask("query-block", Map.of(), deadline) instanceof List<?> all) {
      for (Object one : all) {
        if (one instanceof Map<?, ?> device
            && device.get("inserted") instanceof Map<?, ?> disk
            && disk.get("bps_rd") instanceof Long read
            && disk.get("bps_wr") instanceof Long written) {
          return Optional.of(new DiskRate(read, written));
        }
      }
    }
    return Optional.of(new DiskRate(0, 0));
  }

  @Override
  public void close() {
    socket.close();
  }
}
