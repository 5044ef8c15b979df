package com.paiml.duende.adapter.process;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.TraceTarget;
import com.paiml.duende.spi.UsageSample;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/** One run of a daemon, whatever it is made of. Verbs mean what they mean in {@link com.paiml.duende.spi.PlatformAdapter}. */
public interface Run {
  DaemonHandle handle();

  LaunchSpec spec();

  CompletionStage<ExitReason> exit();

  /** Whether {@link #exit} has completed. */
  boolean hasEnded();

  void signal(Signal signal, Deadline deadline) throws DaemonException;

  void reload(DaemonConfig config, Deadline deadline) throws DaemonException;

  PlatformStatus status(Deadline deadline) throws DaemonException;

  /** Whether it is paused, without looking at its processes. */
  boolean isPaused();

  void stop(Signal stopSignal, Duration timeout) throws DaemonException;

  void kill(Deadline deadline) throws DaemonException;

  void pause(Deadline deadline) throws DaemonException;

  void resume(Deadline deadline) throws DaemonException;

  UsageSample usage(Deadline deadline) throws DaemonException;

  List<LimitReport> updateLimits(Resources resources, Deadline deadline) throws DaemonException;

  ExecResult exec(List<String> command, Deadline deadline) throws DaemonException;

  TraceTarget traceTarget(Deadline deadline) throws DaemonException;

  /** What is to be started when this one ends; whether it is prepared. */
  default boolean prepareNext(LaunchSpec next, Predicate<ExitReason> follows)
      throws DaemonException {
    return false;
  }

  /** Nothing is, and what was started and not taken up is gone. */
  default void forgoNext() {}

  /** Removes what is left of it. */
  void destroy(Deadline deadline) throws DaemonException;

  /** The adapter goes. Code of this JVM has ended when this returns, as far as it can be made to; a program goes on. */
  void leave();

  Optional<Daemon> daemon();
}
