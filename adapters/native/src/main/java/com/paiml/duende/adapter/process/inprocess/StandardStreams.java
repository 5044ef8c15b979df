package com.paiml.duende.adapter.process.inprocess;

import java.io.PrintStream;

/**
 * While this is open, what daemon objects write to {@link System#out} and {@link System#err} goes to their own logs: that
 * of the threads that run them, and of all threads started by those.
 */
public final class StandardStreams implements AutoCloseable {
  // Inheritable: a thread that a daemon starts works for that daemon. Not static: it goes with the
  // adapter.
  @SuppressWarnings("ThreadLocalUsage")
  private final InheritableThreadLocal<DaemonOutput> current = new InheritableThreadLocal<>();

  private final PrintStream out = System.out;
  private final PrintStream err = System.err;
  private final PrintStream routedOut = new RoutedStream(() -> target(out));
  private final PrintStream routedErr = new RoutedStream(() -> target(err));

  public StandardStreams() {
    System.setOut(routedOut);
    System.setErr(routedErr);
  }

  private PrintStream target(PrintStream otherwise) {
    DaemonOutput output = current.get();
    return output == null ? otherwise : output.stream();
  }

  /** The calling thread, and those that it starts, work for this daemon from now on. */
  void bind(DaemonOutput output) {
    current.set(output);
  }

  void unbind() {
    current.remove();
  }

  /** Puts the streams back, unless somebody else has replaced ours meanwhile. */
  @Override
  public void close() {
    if (System.out.equals(routedOut)) {
      System.setOut(out);
    }
    if (System.err.equals(routedErr)) {
      System.setErr(err);
    }
  }
}
