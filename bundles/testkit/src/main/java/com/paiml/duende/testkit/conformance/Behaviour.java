package com.paiml.duende.testkit.conformance;

import java.time.Duration;
import java.util.List;

/**
 * What a daemon of a test does. A {@link Subject} says how its platform does it. A daemon that goes on prints {@code up} on
 * a line of its own as soon as it is prepared (its traps set, its children started), and not before.
 */
public sealed interface Behaviour {

  /** Runs until TERM, then exits with 0. */
  record Sleeps() implements Behaviour {}

  /** Exits at once with this code. */
  record Exits(int code) implements Behaviour {}

  /** Runs for so long and exits with this code, whoever is there to see it. Prints no {@code up}. */
  record ExitsAfter(Duration time, int code) implements Behaviour {}

  /** Sends itself this signal (platform number) and dies of it. */
  record DiesBySignal(int signal) implements Behaviour {}

  /** Goes on, whatever is sent but KILL. */
  record IgnoresTerm() implements Behaviour {}

  /** After TERM it takes so long, then prints {@code bye} and exits with 0. */
  record TakesToStop(Duration time) implements Behaviour {}

  /**
   * Has a child, and that a child in a session of its own (setsid(2)); these two ignore TERM. The main process exits with 0
   * at TERM and leaves them to their fate. Three processes at least.
   */
  record ForksTree() implements Behaviour {}

  /** As {@link ForksTree}, but the main process exits with 0 as soon as they are there. Prints {@code up} before. */
  record LeavesOrphans() implements Behaviour {}

  /** Prints {@code line 1 of N} to {@code line N of N}, each followed by a blank and {@code padding} letters x; exits with 0. */
  record Prints(int lines, int padding) implements Behaviour {}

  /** Prints {@code to out} on standard output, {@code to err} on standard error, and exits with 0. */
  record PrintsBoth() implements Behaviour {}

  /** Prints each argument in angle brackets on a line, then {@code end}, and exits with 0. */
  record PrintsArguments(List<String> arguments) implements Behaviour {}

  /** Prints its environment, {@code NAME=VALUE}, then {@code end}, and exits with 0. */
  record PrintsEnvironment() implements Behaviour {}

  /** Prints its working directory, then {@code end}, and exits with 0. */
  record PrintsDirectory() implements Behaviour {}

  /** Prints the limit on descriptors that it finds in force, then {@code end}, and exits with 0. */
  record PrintsOpenFiles() implements Behaviour {}

  /** A child of it prints {@code tick N} about fifty times a second. */
  record Ticks() implements Behaviour {}

  /** Prints {@code got HUP}, {@code got USR1} or {@code got USR2} at each such signal. */
  record EchoesSignals() implements Behaviour {}

  /** Touches this much memory and keeps it. */
  record Allocates(long bytes) implements Behaviour {}

  /** Computes on one core. */
  record BurnsCpu() implements Behaviour {}

  /**
   * Prints {@code up}, says {@code READY=1} and {@code STATUS=in service} by sd_notify(3), then {@code WATCHDOG=1} ten times
   * a second.
   */
  record Notifies() implements Behaviour {}

  /** Writes {@code ready} and an end of line to this descriptor. */
  record WritesReadyLine(int fd) implements Behaviour {}

  /** Cannot be started: there is no such program, image, module. */
  record Missing() implements Behaviour {}

  /** Cannot be started: the path is longer than the system allows (PATH_MAX). */
  record TooLongPath() implements Behaviour {}

  /** Cannot be started: the path goes round in a circle of symbolic links (ELOOP). */
  record SymlinkLoop() implements Behaviour {}
}
