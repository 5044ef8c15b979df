package com.paiml.duende.adapter.container.engine;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Resources;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.LogSource;
import com.paiml.duende.spi.UsageSample;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * One container engine behind one socket. Calls block until the engine has answered or the deadline has passed; any thread
 * may call. An engine that does not answer is told as {@code io}, {@code not-found} or {@code permission-denied}; the same
 * object serves when it answers again.
 */
public interface Engine extends AutoCloseable {
  EngineKind kind();

  /** Where it listens. */
  Path socket();

  EngineFacts facts(Deadline deadline) throws DaemonException;

  /** Whether it takes limits and ignores them, and neither pauses nor counts, for want of control groups; asked of the engine once. */
  default boolean isLimitless(Deadline deadline) throws DaemonException {
    return false;
  }

  /** Sees, where that is not known yet, that an engine answers that can be spoken to. */
  void ping(Deadline deadline) throws DaemonException;

  /**
   * Sees to it that an image is there.
   *
   * @param progress hears lines for people while it is fetched
   */
  ImageFacts image(
      String reference, PullPolicy policy, Consumer<String> progress, Deadline deadline)
      throws DaemonException;

  /** Makes an image of one layer out of a tar archive. */
  void importImage(String reference, ImageRecipe recipe, InputStream layer, Deadline deadline)
      throws DaemonException;

  /**
   * Makes a container and does not start it.
   *
   * @return its id
   * @throws DaemonException {@code already-exists} when something has that name
   */
  String create(ContainerPlan plan, Deadline deadline) throws DaemonException;

  void start(String id, Deadline deadline) throws DaemonException;

  /** @param idOrName of the container */
  Optional<ContainerState> inspect(String idOrName, Deadline deadline) throws DaemonException;

  /** What carries that label, whatever its state. */
  List<ContainerState> list(String label, String value, Deadline deadline) throws DaemonException;

  /**
   * Whether a directory is there in the image of a plan. Engines make a working directory that is not there, so this has to
   * be asked before.
   */
  boolean hasDirectory(ContainerPlan plan, String path, Deadline deadline) throws DaemonException;

  /**
   * Sends a signal to the first process.
   *
   * @return false when it does not run
   */
  boolean signal(String id, int signal, Deadline deadline) throws DaemonException;

  /**
   * Ends a container that the engine itself would start again, so that it does not.
   *
   * @param signal by which it is asked
   * @param grace how long it may take; an engine may kill it after that
   * @return false when it was not running
   */
  default boolean stop(String id, int signal, Duration grace, Deadline deadline)
      throws DaemonException {
    return signal(id, signal, deadline);
  }

  /** Kills all of it, paused or not. Does not wait for its end. */
  void kill(String id, Deadline deadline) throws DaemonException;

  void pause(String id, Deadline deadline) throws DaemonException;

  void resume(String id, Deadline deadline) throws DaemonException;

  /** Removes a container that does not run, with its anonymous volumes. Gone already is no error. */
  void remove(String id, Deadline deadline) throws DaemonException;

  /** Kills and removes it, in whatever state it is. Gone already is no error. */
  default void discard(String id, Deadline deadline) throws DaemonException {
    kill(id, deadline);
    remove(id, deadline);
  }

  /** Changes the limits that can be changed while it runs: memory, processor, processes. */
  void update(String id, Resources resources, Deadline deadline) throws DaemonException;

  /** What it uses, as the engine tells it: for containers whose processes cannot be seen from here. */
  UsageSample usage(String id, Deadline deadline) throws DaemonException;

  ExecResult exec(String id, List<String> command, Deadline deadline) throws DaemonException;

  LogSource logs(String id) throws DaemonException;

  /** Whether it only writes a container's output into the file of its plan: rotating that is then left to us. */
  default boolean leavesLogs() {
    return false;
  }

  /** Whether the engine itself makes the health checks of its containers at their times. */
  boolean checksHealth();

  /** Makes a container's health check once; empty when it has none. */
  Optional<Boolean> checkHealth(String id, Deadline deadline) throws DaemonException;

  /** Hears of all containers with that instance's label, until closed; connects again by itself. */
  AutoCloseable watch(String instance, EngineListener listener);

  @Override
  void close();
}
