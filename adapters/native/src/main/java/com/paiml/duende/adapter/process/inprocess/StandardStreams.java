package com.paiml.duende.adapter.process.inprocess;

import java.io.PrintStream;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * While this is open, what daemon objects write to {@link System#out} and {@link System#err} goes to their own logs: that
 * of the threads that run them, and of all threads started by those.
 *
 * <p>Where somebody else divides the streams of this JVM among threads, ours are given to them, thread by thread. Else the
 * first daemon puts ours in the place of the JVM's; not before, because whoever comes later would keep ours as those that he
 * found, and with them the class loader of an adapter that has been replaced.
 */
public final class StandardStreams implements AutoCloseable {
  // Inheritable: a thread that a daemon starts works for that daemon. Not static: it goes with the
  // adapter.
  @SuppressWarnings("ThreadLocalUsage")
  private final InheritableThreadLocal<DaemonOutput> current = new InheritableThreadLocal<>();

  private final Supplier<@Nullable ThreadStreams> others;
  private volatile PrintStream out = System.out;
  private volatile PrintStream err = System.err;
  private final PrintStream routedOut = new RoutedStream(() -> target(out));
  private final PrintStream routedErr = new RoutedStream(() -> target(err));
  private boolean replaced;

  /** @param others who else divides the JVM's streams at this moment; null when nobody does */
  public StandardStreams(Supplier<@Nullable ThreadStreams> others) {
    this.others = others;
  }

  private PrintStream target(PrintStream otherwise) {
    DaemonOutput output = current.get();
    return output == null ? otherwise : output.stream();
  }

  /** That a thread works for a daemon; ended on the same thread. */
  interface Bound extends AutoCloseable {
    @Override
    void close();
  }

  /** The calling thread, and those that it starts, work for this daemon from now on. */
  Bound bind(DaemonOutput output) {
    current.set(output);
    ThreadStreams shared = others.get();
    if (shared == null) {
      replace();
      return current::remove;
    }
    shared.open(routedOut, routedErr);
    return () -> {
      // In this order: without a daemon ours lead to the streams that were found, which are theirs.
      shared.close();
      current.remove();
    };
  }

  private synchronized void replace() {
    if (replaced) {
      return;
    }
    replaced = true;
    out = System.out;
    err = System.err;
    System.setOut(routedOut);
    System.setErr(routedErr);
  }

  /** Puts the streams back, unless somebody else has replaced ours meanwhile. */
  @Override
  public synchronized void close() {
    if (System.out.equals(routedOut)) {
      System.setOut(out);
    }
    if (System.err.equals(routedErr)) {
      System.setErr(err);
    }
  }
}
