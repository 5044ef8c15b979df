package com.paiml.duende.linux.cgroup;

import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One control group: a folder in each hierarchy that holds one of its controllers. Plain paths, so it
 * outlives this object and is found again with {@link Cgroups#open}. Safe for several threads; calls
 * read and write kernel files and do not wait, unless they take a time.
 */
@ProviderType
public interface Cgroup {

  /** Its name, as given to {@link Cgroups#create}. */
  String name();

  /** Whether {@link Cgroups#create} has made all its folders: nobody has set, frozen or killed anything there before. */
  boolean isNew();

  /** The controllers that it has. */
  Set<Controller> controllers();

  /** Its folders, one per hierarchy. */
  List<Path> folders();

  /**
   * The files that a process writes a 0 to in order to be in the group, for {@code
   * Confinement.Builder.cgroup}: a program that is in it from its first instruction.
   */
  List<Path> joinFiles();

  /**
   * The file that has the number of those who are in it or below, zombies included: pids.current. Empty without the controller of
   * pids.
   */
  Optional<Path> population();

  /** Moves a process, with all its threads but not its children, into the group. */
  void attach(int pid) throws LinuxException;

  /**
   * Sets a limit, also while processes run, and reads back what is in force.
   *
   * @throws LinuxException {@code ENOENT} when the group has not the controller or the kernel not the
   *     file, {@code EBUSY} when more than that is in use and cannot be reclaimed
   */
  List<InForce> set(Setting setting) throws LinuxException;

  /** The files and values of that limit as they are now, without writing. */
  List<InForce> read(Setting setting) throws LinuxException;

  /**
   * Sets a limit as {@link #set} does and does not read it back, which costs as much again.
   *
   * @throws LinuxException as {@link #set}
   */
  void write(Setting setting) throws LinuxException;

  /** What it has taken. */
  Usage usage() throws LinuxException;

  /** Of {@link #usage()}, the processor time alone: one file is read instead of all. */
  OptionalLong cpuNanos() throws LinuxException;

  /** Of {@link #usage()}, the kills for want of memory alone: one file is read instead of all. */
  OptionalLong outOfMemoryKills() throws LinuxException;

  /** The processes in it and in groups below it. */
  List<Integer> processes() throws LinuxException;

  /**
   * Whether {@link #processes} would find none, asked as cheaply as can be: where the group has {@link Controller#PIDS}, mostly
   * one file is read.
   */
  boolean isEmpty() throws LinuxException;

  /**
   * Stops all of it.
   *
   * @throws LinuxException {@code ETIMEDOUT} when not all have stopped in time; it is thawed then
   */
  void freeze(Duration atMost) throws LinuxException;

  /** Lets it run on. */
  void thaw() throws LinuxException;

  /**
   * Kills every process in it, frozen or not, also those that are made meanwhile, and waits until
   * none is left. Children of this process still have to be reaped by it.
   *
   * @throws LinuxException {@code ETIMEDOUT} with the pids that are left
   */
  void kill(Duration atMost) throws LinuxException;

  /**
   * Calls back on the loop's thread whenever the kernel has had to kill for the memory limit; may
   * call once too often, so ask {@link #usage()}.
   */
  Watch onOutOfMemory(EventLoop loop, Runnable then) throws LinuxException;

  /**
   * Removes it and the groups below it. Gone already is no error.
   *
   * @throws LinuxException {@code EBUSY} with the processes that are in it still
   */
  void remove(Duration atMost) throws LinuxException;
}
