package com.paiml.duende.adapter.process.program;

import com.paiml.duende.adapter.process.Run;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.Recovery;
import java.nio.channels.ByteChannel;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Starts programs on this machine, and finds them again. */
public interface Programs extends AutoCloseable {
  String KIND = "program";

  /** The variable that has the mark in the environment of every process of a run. */
  String MARK = "DUENDE_RUN";

  /** How, in words. */
  String describe();

  Set<Capability> capabilities();

  /** What it could do on another machine, and why not here. */
  Map<Capability, String> missing();

  /** Names in the sandbox that this machine does not know, in words; a start would fail for them. */
  default List<String> check(DaemonConfig config) {
    return List.of();
  }

  Run start(LaunchSpec spec, Payload.Program program, AdapterEvents events, Deadline deadline)
      throws DaemonException;

  /** Whether the thread that has told of an end may be kept: see {@link com.paiml.duende.spi.PlatformAdapter#lendThread}. */
  default boolean lendThread(Runnable meanwhile) {
    return false;
  }

  /**
   * What became of a run.
   *
   * @param recovery the answer
   * @param run the run, when it goes on
   */
  record Found(Recovery recovery, Optional<Run> run) {}

  /** A run of which nobody kept a handle; empty when there is none, or it cannot be known. */
  default Optional<DaemonHandle> find(LaunchSpec spec) throws DaemonException {
    return Optional.empty();
  }

  Found recover(DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException;

  /** A stream to the JVM of a daemon class; empty: by its path, there is nobody to be afraid of. */
  default Optional<ByteChannel> connectHost(LaunchSpec spec) throws DaemonException {
    return Optional.empty();
  }

  /** Ends and removes what carries the instance's mark and belongs to none of these runs. */
  void sweep(Instance instance, Collection<DaemonHandle> kept, Deadline deadline)
      throws DaemonException;

  /** Lets go of all programs; they go on. */
  @Override
  void close();
}
