package com.paiml.duende.client;

import com.paiml.duende.shell.wire.Frame;
import com.paiml.duende.shell.wire.FrameWriter;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A signal (interrupt key, hang-up, TERM) makes the JVM run this: the command is told, and has a while to end in order, its
 * last words being shown meanwhile by the main thread. A command that ends by itself ends the process without this.
 */
final class Interruption extends Thread {
  private static final long GRACE_SECONDS = 45;

  private final FrameWriter writer;
  private final Keyboard keyboard;
  private final CountDownLatch ended = new CountDownLatch(1);

  Interruption(FrameWriter writer, Keyboard keyboard) {
    super("duende-interruption");
    this.writer = writer;
    this.keyboard = keyboard;
  }

  /** The conversation is over. */
  void ended() {
    ended.countDown();
  }

  @Override
  public void run() {
    try {
      writer.write(Frame.INTERRUPT);
      if (ended.await(GRACE_SECONDS, TimeUnit.SECONDS)) {
        // The main thread is about to end the process with the command's own status.
        sleep(1000);
      }
    } catch (IOException e) {
      // The container is gone, and with it the command.
      keyboard.close();
    } catch (InterruptedException e) {
      currentThread().interrupt();
    }
    keyboard.close();
    Runtime.getRuntime().halt(Main.INTERRUPTED);
  }
}
