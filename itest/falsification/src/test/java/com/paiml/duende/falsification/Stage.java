package com.paiml.duende.falsification;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.conformance.Behaviour;
import java.nio.file.Path;

/**
 * One adapter, as {@link EveryAdapter} needs it: how a daemon of its platform is written that does what an attempt is about, and
 * the few things that must not go through the manager. Closing it ends everything that it started.
 */
interface Stage extends AutoCloseable {
  Scene scene();

  /** The platform's name in a daemon file. */
  String platform();

  /** What it is given to run. */
  Payload.Kind kind();

  /** A daemon that does this: one of those behaviours that print {@code up} when they are prepared. */
  DaemonConfig.Builder daemon(String name, Behaviour behaviour) throws Exception;

  /**
   * A daemon that works in this directory of the machine, or in what it sees in its place: it prints the name of its working
   * directory and then what is in the file {@code here.txt}, and goes on.
   */
  DaemonConfig.Builder reader(String name, Path directory) throws Exception;

  /** Ends its main process as a fault of its own would, and says how: not through the manager. */
  String crash(String name) throws Exception;

  /** How many processes of it there are, not asked of the manager. */
  int alive(String name) throws Exception;

  /** How long a stop may take beyond the timeout that was asked for: the kill and the way there and back. */
  default java.time.Duration escalation() {
    return java.time.Duration.ofMillis(500);
  }

  @Override
  void close() throws Exception;
}
