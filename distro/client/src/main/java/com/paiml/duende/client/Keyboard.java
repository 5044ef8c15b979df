package com.paiml.duende.client;

import com.paiml.duende.shell.wire.Frame;
import com.paiml.duende.shell.wire.FrameWriter;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Standard input, read only when and as far as the command asks, so that what it leaves is there for whoever comes next. */
final class Keyboard {
  private final FrameWriter writer;
  private final InputStream input = new FileInputStream(FileDescriptor.in);
  private int needed;
  private @Nullable Thread pump;
  private @Nullable TerminalMode mode;

  Keyboard(FrameWriter writer) {
    this.writer = writer;
  }

  synchronized void need(int bytes) {
    needed = Math.max(0, bytes);
    if (pump == null) {
      Thread started = new Thread(new Pump(), "duende-input");
      started.setDaemon(true);
      started.start();
      pump = started;
    } else {
      notifyAll();
    }
  }

  /** Makes the terminal give single keys, or whole lines again. */
  synchronized void keys(boolean single) throws IOException {
    if (single && mode == null) {
      mode = TerminalMode.keys(writer);
    } else if (!single) {
      close();
    }
  }

  /** Leaves the terminal as it was. */
  synchronized void close() {
    TerminalMode set = mode;
    if (set != null) {
      mode = null;
      set.restore();
    }
  }

  private synchronized int awaitNeed() throws InterruptedException {
    while (needed == 0) {
      wait();
    }
    int bytes = Math.min(needed, Frame.LIMIT);
    needed = 0;
    return bytes;
  }

  private final class Pump implements Runnable {
    @Override
    public void run() {
      try {
        byte[] bytes = new byte[Frame.LIMIT];
        while (true) {
          int read = input.read(bytes, 0, awaitNeed());
          writer.write(Frame.INPUT, bytes, 0, Math.max(0, read));
          if (read < 0) {
            return;
          }
        }
      } catch (IOException e) {
        // Either side is gone; the main thread learns it from the socket.
        return;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
