package com.paiml.duende.shell.socket;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.shell.wire.Frame;
import com.paiml.duende.shell.wire.MalformedFrame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Files that the client lends, one at a time. */
final class RemoteFile {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final Outbox outbox;
  private final ByteArrayOutputStream contents = new ByteArrayOutputStream();
  private String refusal = "";
  private int limit;
  private boolean wanted;

  RemoteFile(Outbox outbox) {
    this.outbox = outbox;
  }

  /** What came from the client; nothing at the end of the file. */
  synchronized void arrived(byte[] piece) throws MalformedFrame {
    if (!wanted || contents.size() + piece.length > limit) {
      throw new MalformedFrame("a file that was not asked for");
    }
    contents.writeBytes(piece);
    if (piece.length == 0) {
      wanted = false;
      notifyAll();
    }
  }

  /** The client has no such file. */
  synchronized void refused(String why) {
    refusal = why;
    wanted = false;
    notifyAll();
  }

  synchronized byte[] read(String name, int atMost) throws DaemonException {
    contents.reset();
    refusal = "";
    limit = atMost;
    wanted = true;
    try {
      byte[] text = name.getBytes(StandardCharsets.UTF_8);
      outbox.send(
          Frame.READ, ByteBuffer.allocate(4 + text.length).putInt(atMost).put(text).array());
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (wanted) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          throw new DaemonException(
              ErrorCode.TIMEOUT, name, "was not read within " + PATIENCE.toSeconds() + " s", "");
        }
        wait(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(ErrorCode.IO, name, "was not read: interrupted", "", e);
    } catch (IOException e) {
      throw new DaemonException(ErrorCode.IO, name, "was not read: " + e.getMessage(), "", e);
    } finally {
      wanted = false;
    }
    if (!refusal.isEmpty()) {
      throw new DaemonException(ErrorCode.IO, name, refusal, "");
    }
    return contents.toByteArray();
  }
}
