package com.paiml.duende.adapter.container.docker;

import com.paiml.duende.adapter.container.http.Received;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/** The output of a command beside a daemon: the beginning of it is kept, the rest is let through. */
final class Exec implements Received {
  /** As {@link com.paiml.duende.spi.ExecResult} promises. */
  private static final int KEPT = 4096;

  private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
  private final CompletableFuture<Integer> done = new CompletableFuture<>();
  private final Frames frames = new Frames((stream, frame) -> keep(frame, 0, frame.length));
  private volatile int status;

  /** Completes with the HTTP status when there is no more output. */
  CompletableFuture<Integer> done() {
    return done;
  }

  synchronized String output() {
    return kept.toString(StandardCharsets.UTF_8);
  }

  private synchronized void keep(byte[] bytes, int from, int count) {
    kept.write(bytes, from, Math.min(count, KEPT - kept.size()));
  }

  @Override
  public void begun(int httpStatus) {
    status = httpStatus;
  }

  @Override
  public void bytes(ByteBuffer bytes, Runnable more) {
    if (status < 300) {
      frames.take(bytes);
    } else {
      byte[] refusal = new byte[bytes.remaining()];
      bytes.get(refusal);
      keep(refusal, 0, refusal.length);
    }
    more.run();
  }

  @Override
  public void ended() {
    done.complete(status);
  }

  @Override
  public void failed(Throwable why) {
    done.completeExceptionally(why);
  }
}
