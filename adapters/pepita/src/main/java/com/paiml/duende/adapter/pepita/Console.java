package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.channel.Guest;
import com.paiml.duende.adapter.pepita.channel.Sockets;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The serial console of one machine: its last bytes are kept, and whoever listens hears what comes. Safe for threads. */
public final class Console implements Sockets.Listener, AutoCloseable {
  private static final int KEPT = 16 * 1024;
  private static final int LAST_LINES = 4;

  private final byte[] ring = new byte[KEPT];
  private final List<Consumer<byte[]>> listeners = new CopyOnWriteArrayList<>();
  private long written;
  private volatile Sockets.@Nullable Socket socket;

  static Console connect(Sockets sockets, Path path) throws IOException {
    Console console = new Console();
    console.socket = sockets.connect(path, console);
    return console;
  }

  /** Of a machine that has none. */
  static Console none() {
    return new Console();
  }

  @Override
  public void received(ByteBuffer bytes) {
    byte[] all = new byte[bytes.remaining()];
    bytes.get(all);
    synchronized (this) {
      for (byte b : all) {
        ring[(int) (written++ % KEPT)] = b;
      }
    }
    listeners.forEach(l -> l.accept(all));
  }

  @Override
  public void ended(String why) {
    socket = null;
    listeners.forEach(l -> l.accept(new byte[0]));
  }

  /** What was kept of what it said. */
  public synchronized byte[] kept() {
    int n = (int) Math.min(written, KEPT);
    byte[] all = new byte[n];
    for (int i = 0; i < n; i++) {
      all[i] = ring[(int) ((written - n + i) % KEPT)];
    }
    return all;
  }

  /** Hears what comes from now on; an empty array is its end. The listener must not block. */
  public AutoCloseable listen(Consumer<byte[]> listener) {
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  /** Whether it can be written to. */
  public boolean isOpen() {
    return socket != null;
  }

  /** Types on it. */
  public void type(byte[] bytes, Deadline deadline) throws DaemonException {
    Sockets.Socket open = socket;
    if (open != null) {
      open.send(ByteBuffer.wrap(bytes), "its console", deadline);
    }
  }

  /** Its last lines, in one; of a panic, those that say so. */
  String lastWords() {
    List<String> lines =
        Guest.printable(new String(kept(), StandardCharsets.UTF_8).replace("\r", ""))
            .lines()
            .map(String::strip)
            .filter(l -> !l.isEmpty())
            .toList();
    for (String line : lines) {
      if (line.contains("Kernel panic")) {
        return line;
      }
    }
    return String.join(" / ", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
  }

  @Override
  public void close() {
    Sockets.Socket open = socket;
    if (open != null) {
      open.close();
    }
  }
}
