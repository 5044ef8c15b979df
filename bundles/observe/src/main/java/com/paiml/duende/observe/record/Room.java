package com.paiml.duende.observe.record;

import com.paiml.duende.spi.TraceSession.SyscallEvent;

/**
 * How much of this JVM's heap a recording may take: an eighth, so that two can be compared, and daemons still have theirs. The
 * sizes are estimates. For one thread.
 */
public final class Room {
  private static final int SHARE = 8;
  private static final long EVENT = 96;
  private static final long TEXT = 56;
  private static final long REFERENCE = 8;

  private long left;

  public Room() {
    this(Runtime.getRuntime().maxMemory() / SHARE);
  }

  Room(long bytes) {
    left = bytes;
  }

  /** Whether there was room for one more call; it is taken then. */
  public boolean takes(SyscallEvent event) {
    long texts = text(event.arguments());
    for (String frame : event.stack()) {
      texts += REFERENCE + text(frame);
    }
    return takes(EVENT + texts);
  }

  /** A call whose texts are counted by themselves. */
  boolean takes(int frames) {
    return takes(EVENT + REFERENCE * frames);
  }

  boolean takes(String text) {
    return takes(text(text));
  }

  private static long text(String text) {
    return TEXT + text.length();
  }

  private boolean takes(long bytes) {
    left -= bytes;
    return left >= 0;
  }
}
