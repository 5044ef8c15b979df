package com.paiml.duende.spi;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What daemons use, sampled all the time by one sampler for all platforms. Answers come from memory, ask nobody, and are safe
 * for several threads. A figure that a platform does not give is {@link UsageSample#UNKNOWN}.
 */
@ProviderType
public interface UsageMonitor {
  /** How often is sampled now. */
  Duration interval();

  /** Names of the daemons of which there are readings, those that have ended included, until they are removed. */
  List<String> names();

  /** The last reading of a daemon; empty before the first. */
  Optional<Reading> latest(String name);

  /** The readings from one time to another, both included, oldest first: at most the last thousand. */
  List<Reading> history(String name, Instant from, Instant to);

  /** The processes of a daemon at the last reading, parents before children; none where they are not this kernel's. */
  List<ProcessReading> processes(String name);

  /** How much is waited for a resource, as far as this kernel tells. */
  List<Pressure> pressure();

  /** Graphics processors; empty where there are none that tell their figures. */
  List<Gpu> gpus();

  /**
   * One reading of a daemon's whole tree.
   *
   * @param time when
   * @param cpuPercent of one processor, since the reading before; above 100 on several; negative when it is not known
   * @param cpuNanos processor time since the run began, as far as it was seen
   * @param memoryBytes resident
   * @param memoryPercent of this machine's memory
   * @param processes how many
   * @param threads in all of them
   * @param openFiles in all of them
   * @param readBytes from storage, since the run began
   * @param writeBytes to storage
   * @param voluntarySwitches context switches by waiting, of main threads
   * @param involuntarySwitches context switches by being preempted, of main threads
   */
  record Reading(
      Instant time,
      double cpuPercent,
      long cpuNanos,
      long memoryBytes,
      double memoryPercent,
      long processes,
      long threads,
      long openFiles,
      long readBytes,
      long writeBytes,
      long voluntarySwitches,
      long involuntarySwitches) {}

  /**
   * One process.
   *
   * @param pid its number
   * @param parent its parent's
   * @param name at most 15 bytes
   * @param state one letter, as proc(5) has it
   * @param cpuPercent of one processor, since the reading before
   * @param memoryBytes resident
   * @param threads how many
   * @param openFiles how many
   */
  record ProcessReading(
      long pid,
      long parent,
      String name,
      char state,
      double cpuPercent,
      long memoryBytes,
      long threads,
      long openFiles) {}

  /**
   * The kernel's pressure stall information.
   *
   * @param resource {@code cpu}, {@code memory} or {@code io}
   * @param some percent of the last ten seconds in which somebody waited for it
   * @param full percent in which everybody did
   */
  record Pressure(String resource, double some, double full) {}

  /**
   * A graphics processor.
   *
   * @param name as its driver calls it
   * @param utilisation percent, where the driver tells
   * @param memoryBytes in use; {@link UsageSample#UNKNOWN} where the driver does not tell
   */
  record Gpu(String name, OptionalDouble utilisation, long memoryBytes) {}
}
