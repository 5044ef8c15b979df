package com.paiml.duende.spi;

import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Runs daemons on one platform. Registered as a service with the property {@link #PLATFORM}; owns the table of that name in
 * daemon files.
 *
 * <p>Calls block until their work is done or their deadline has passed ({@link ErrorCode#TIMEOUT}); many may be in progress
 * at once, on any threads, for different daemons, and {@code kill} may overtake a {@code stop} of the same one. After
 * deactivation every call throws {@link AdapterGone} and every open stage of {@link #exit} fails with it; the daemons go
 * on.
 *
 * <p>What an adapter creates carries {@link LaunchSpec#instance()}, and something of the same name that does not is never
 * touched. A call that fails leaves nothing behind.
 */
@ConsumerType
public interface PlatformAdapter {

  /** Service property: the platform's name, {@code [a-z][a-z0-9-]*}. */
  String PLATFORM = "duende.platform";

  /** Looks whether the platform is here and what it can do. Cheap enough to be asked before each deployment. */
  Fingerprint fingerprint(Deadline deadline);

  /**
   * What the platform can do for one daemon: where the daemon's table names an engine, a bus or a monitor, that one's answer
   * alone. As cheap as the other.
   */
  default Fingerprint fingerprint(DaemonConfig config, Deadline deadline) {
    return fingerprint(deadline);
  }

  /** The keys of this platform's table in the daemon file. */
  TableSchema schema();

  /**
   * Checks what only the adapter can, before anything is started.
   *
   * @return the faults, in words for people; none when the configuration will do
   */
  default List<String> check(DaemonConfig config) {
    return List.of();
  }

  /**
   * Starts one run. On return the program, unit, container… is there, with its limits in force.
   *
   * @throws DaemonException {@link ErrorCode#SPAWN} and others; then nothing is left of it
   */
  DaemonHandle spawn(LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException;

  /**
   * Finds a run again, after a restart of the container, of this adapter, or of the manager alone: then this adapter has the
   * run still, says so, and tells {@code events} from now on ({@link RelayedEvents}). Never starts anything.
   *
   * @param spec as for a start of this daemon now; its generation is the handle's
   */
  Recovery recover(DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException;

  /**
   * Looks for a run of which the manager has no handle: it went between asking for the run and hearing of it. Never starts
   * anything. Asked before {@link #recover}, and only for a run that was asked for.
   *
   * @param spec as in {@link #recover}
   * @return what identifies it, also when it has ended since; empty when there is no such run, or when this adapter cannot tell:
   *     {@link #recoveryComplete} then removes what there may be, and it is started anew
   */
  default Optional<DaemonHandle> find(LaunchSpec spec, Deadline deadline) throws DaemonException {
    return Optional.empty();
  }

  /** After the last {@link #recover}: removes what carries this instance's id and belongs to none of these runs. */
  void recoveryComplete(Instance instance, Collection<DaemonHandle> kept, Deadline deadline)
      throws DaemonException;

  /** Sends a signal to the main process. */
  void signal(DaemonHandle handle, Signal signal, Deadline deadline) throws DaemonException;

  /**
   * Gives a run a changed configuration that needs no restart. Programs get HUP and read their files again; a daemon object
   * finds {@code config} in its context, then sees the HUP.
   */
  default void reload(DaemonHandle handle, DaemonConfig config, Deadline deadline)
      throws DaemonException {
    signal(handle, Signal.HUP, deadline);
  }

  /** What the platform says of it now. */
  PlatformStatus status(DaemonHandle handle, Deadline deadline) throws DaemonException;

  /**
   * Sends the stop signal, waits, kills the whole tree, returns when it is gone. The time that killing takes comes on top
   * of the timeout. Harmless when it has ended.
   */
  void stop(DaemonHandle handle, Signal stopSignal, Duration timeout) throws DaemonException;

  /** Kills the whole tree and returns when it is gone. Harmless when it has ended. */
  void kill(DaemonHandle handle, Deadline deadline) throws DaemonException;

  void pause(DaemonHandle handle, Deadline deadline) throws DaemonException;

  void resume(DaemonHandle handle, Deadline deadline) throws DaemonException;

  /**
   * Completes when the run has ended, with all that is known about it, and not before its whole tree is gone. The same
   * stage at each call. Fails with {@link AdapterGone} only.
   *
   * <p>Completes on a thread of the adapter, perhaps the one that hears of all its daemons. A call of this adapter that is made
   * there is answered. But who depends on the stage must not wait there for anything else, and is better brief: meanwhile the
   * adapter may be deaf for other daemons. What takes longer goes to a thread of one's own ({@link
   * CompletionStage#handleAsync(java.util.function.BiFunction, java.util.concurrent.Executor)}); the manager makes no call of an
   * adapter there, unless that lends it the thread ({@link #lendThread}).
   */
  CompletionStage<ExitReason> exit(DaemonHandle handle);

  /**
   * Asked on a thread that completes a stage of {@link #exit}, by who depends on it and would start the next run at once: whether
   * the thread may be kept until that is done, which may block as calls do. Then this adapter goes on without it. To start a
   * program on the thread that knows of the last one's end saves the time that it takes to wake another.
   *
   * @param meanwhile what else there is to do, brief: done at once by the thread that takes over, when it is lent
   * @return false, also on any other thread: what takes longer goes to a thread of one's own
   */
  default boolean lendThread(Runnable meanwhile) {
    return false;
  }

  /**
   * Asked while a run goes on, when the next one would be started the moment that it ends: the adapter may prepare that start, make
   * it by itself at that moment, and tell of the end afterwards. {@link #spawn} with an equal spec then takes up what was started,
   * and only from then on is it a run. With another spec, and by {@link #forgoNext}, it is ended before anybody hears of it.
   *
   * <p>A stop, a kill, a pause, a change of limits, a signal that asks for an end, and the adapter's leaving forgo it as well. A
   * later call takes the place of an earlier one.
   *
   * @param next as for {@link #spawn}, of the next generation
   * @param follows whether the next run follows at once on such an end; asked during this call only
   * @return whether it is prepared; by default nothing is
   */
  default boolean prepareNext(
      DaemonHandle running, LaunchSpec next, Predicate<ExitReason> follows, Deadline deadline)
      throws DaemonException {
    return false;
  }

  /**
   * Takes back what {@link #prepareNext} has asked for. What was started already and not taken up is gone when this returns.
   * Harmless when there is nothing of the kind.
   *
   * @param run after which it was to be started; may have ended
   */
  default void forgoNext(DaemonHandle run) throws DaemonException {}

  UsageSample usage(DaemonHandle handle, Deadline deadline) throws DaemonException;

  /**
   * Asks of many runs at once which of them have rested, so that whoever looks at many that sleep need not ask for each of them.
   * Worth having where this takes far less than {@link #usage} of each.
   *
   * @param known what {@link #usage} last said of each, in the same order
   * @return the places in the list of those of which {@link #usage} would say the same now, but for the time. Whoever is not among
   *     them is asked for, so what is not certain, not known or has ended is left out; by default all are
   */
  default BitSet unchanged(List<DaemonHandle> handles, List<UsageSample> known, Deadline deadline)
      throws DaemonException {
    return new BitSet();
  }

  /** The log; also after the run has ended, until it is destroyed. */
  LogSource logs(DaemonHandle handle) throws DaemonException;

  /** Changes limits while it runs, and reports what is then in force. */
  List<LimitReport> updateLimits(DaemonHandle handle, Resources resources, Deadline deadline)
      throws DaemonException;

  /** Runs a command where the daemon runs (its user, limits, container…); it is dead when this returns. */
  default ExecResult exec(DaemonHandle handle, List<String> command, Deadline deadline)
      throws DaemonException {
    throw unsupported(handle, "commands beside a daemon");
  }

  /** What a tracer is to look at. */
  default TraceTarget traceTarget(DaemonHandle handle, Deadline deadline) throws DaemonException {
    throw unsupported(handle, "tracing");
  }

  /** Attaches a tracer. */
  default TraceSession attachTracer(
      DaemonHandle handle, Tracer tracer, TraceOptions options, Deadline deadline)
      throws DaemonException {
    return tracer.attach(traceTarget(handle, deadline), options, deadline);
  }

  /**
   * Whether a run may be started while an ended run of the same name has not been destroyed yet. Then it takes over what is
   * there (a group, an open log), {@link #destroy} of the ended one leaves that alone, and the manager clears up after the
   * start instead of before it.
   */
  default boolean startsBesideEnded() {
    return false;
  }

  /** Removes what is left of an ended run: unit, container, cgroup, pid file. The state directory is the manager's. */
  void destroy(DaemonHandle handle, Deadline deadline) throws DaemonException;

  /** Opens a stream to the JVM of {@link HostRuntime} in which the daemon runs. The caller closes it. */
  default ByteChannel connectHost(DaemonHandle handle, LaunchSpec spec, Deadline deadline)
      throws DaemonException {
    try {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(UnixDomainSocketAddress.of(spec.hostSocket()));
        return channel;
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          spec.name(),
          "its JVM does not answer on " + spec.hostSocket() + ": " + e.getMessage(),
          "see its log",
          e);
    }
  }

  /** The daemon's in-process object, where it has one: for health and metrics. */
  default Optional<com.paiml.duende.api.Daemon> inProcess(DaemonHandle handle) {
    return Optional.empty();
  }

  private static DaemonException unsupported(DaemonHandle handle, String what) {
    return new DaemonException(
        ErrorCode.NOT_SUPPORTED,
        handle.name(),
        "platform \"" + handle.platform() + "\" does not offer " + what,
        "see \"duende adapters\" for what it can do");
  }
}
