package com.paiml.duende.spi;

import com.paiml.duende.api.DaemonException;
import org.osgi.annotation.versioning.ProviderType;

/** The terminal at which a command was typed, near or far. A command finds it in its session's variable {@link #VARIABLE}. */
@ProviderType
public interface CommandTerminal {
  /** The variable of the gogo session that holds it; absent where another shell made the session. */
  String VARIABLE = ".duende.caller";

  /** Whether a standard stream (0 input, 1 output, 2 error) is a terminal. */
  boolean isTerminal(int stream);

  /** Whether output may be coloured. */
  boolean colour();

  /** Columns now; 0 when there is no terminal. */
  int columns();

  /** Rows now; 0 when there is no terminal. */
  int rows();

  /** {@code TERM}; may be empty. */
  String term();

  /** Asks for single keys, unseen, or for whole lines again. */
  void keys(boolean single) throws DaemonException;

  /** Runs a task whenever the size has changed; one task, the last one set. */
  void onResize(Runnable task);
}
