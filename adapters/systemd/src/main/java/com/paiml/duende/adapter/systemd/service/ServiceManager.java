package com.paiml.duende.adapter.systemd.service;

import com.paiml.duende.adapter.systemd.unit.Setting;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One service manager: the system's, or a user's. Calls block until it has answered, by their deadline, and may be made from
 * any thread, also from a {@link UnitWatcher}.
 */
public interface ServiceManager extends AutoCloseable {

  /** Which processes of a unit a signal is for. */
  enum Whom {
    MAIN("main"),
    ALL("all");

    private final String word;

    Whom(String word) {
      this.word = word;
    }

    public String word() {
      return word;
    }
  }

  /** What is watched, for as long as it is open. */
  interface Watch extends AutoCloseable {
    @Override
    void close();
  }

  /** How it is spoken to, in words. */
  String way();

  /** systemd's version. */
  int version();

  /** Whether it tells of changes by itself. */
  boolean tells();

  /** Names of the variables that it gives every program. */
  Set<String> environment(Deadline deadline) throws DaemonException;

  /** The manager's own control group, from the root of its view; empty when it has none. */
  String group(Deadline deadline) throws DaemonException;

  /** Types of the properties that a service can be given, by name; empty when they cannot be asked for. */
  Map<String, String> types(Deadline deadline) throws DaemonException;

  /** Tells of a unit from now on. */
  Watch watch(String unit, UnitWatcher watcher) throws DaemonException;

  /**
   * Makes a unit that goes when it has ended, and asks for its start.
   *
   * @return the job, whose end is told to the watcher
   */
  String startTransient(String unit, List<Setting> settings, Deadline deadline)
      throws DaemonException;

  /**
   * Asks for the start of a unit that is in a file.
   *
   * @return the job
   */
  String start(String unit, Deadline deadline) throws DaemonException;

  /** Asks for its stop as it is configured. */
  void stop(String unit, Deadline deadline) throws DaemonException;

  void kill(String unit, Whom whom, int signal, Deadline deadline) throws DaemonException;

  void freeze(String unit, Deadline deadline) throws DaemonException;

  void thaw(String unit, Deadline deadline) throws DaemonException;

  /** Changes settings of a unit that runs, until it ends. */
  void set(String unit, List<Setting> settings, Deadline deadline) throws DaemonException;

  /** Forgets that it has failed. Harmless when it has not, or is not there. */
  void forget(String unit, Deadline deadline) throws DaemonException;

  /** All of {@link UnitState}; of a unit that is not there, a state that is not loaded. */
  UnitState look(String unit, Deadline deadline) throws DaemonException;

  /** {@code InvocationID} and {@code ControlGroup} alone, which are told of by no signal. */
  Map<String, String> identify(String unit, Deadline deadline) throws DaemonException;

  /** Asks for these and waits neither for the answer nor for a connection: from a watcher, too. */
  Answer ask(String unit) throws DaemonException;

  /** An answer that is on its way. */
  interface Answer {
    /** Whether it is there, and the unit had not been started yet. */
    boolean isVain();

    /** As {@link #identify} has it; empty texts when the unit had not been started yet. */
    Map<String, String> await(Deadline deadline) throws DaemonException;
  }

  /** Units in memory whose name begins so: description by name. */
  Map<String, String> list(String prefix, Deadline deadline) throws DaemonException;

  /** Reads unit files again. */
  void reload(Deadline deadline) throws DaemonException;

  @Override
  void close();
}
