package com.paiml.duende.adapter.process.inprocess;

import java.io.PrintStream;

/**
 * Somebody else in this JVM who has already divided {@link System#out} and {@link System#err} among threads, and whose
 * division we join: two that each put their own stream there would take turns, and what a daemon prints would go to the
 * console of the container whenever it is the other's.
 */
public interface ThreadStreams {
  /** The calling thread, and those that it starts, print to these from now on. Undone on the same thread by {@link #close}. */
  void open(PrintStream out, PrintStream err);

  /** The calling thread prints to where it did before {@link #open}. */
  void close();
}
