package com.paiml.duende.adapter.pepita.monitor;

import com.paiml.duende.adapter.pepita.channel.Address;
import com.paiml.duende.adapter.pepita.channel.Sockets;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** A program that runs virtual machines, one for each. Stateless; safe for several threads. */
public interface Monitor {
  /** As the daemon file says it. */
  String word();

  /** The program, where it is installed. */
  Optional<Path> program();

  /** What to install. */
  String remedy();

  /** Whether it has only ever been driven against a server that follows its published description. */
  boolean simulated();

  /** Whether it can emulate where there is no KVM. */
  boolean emulates();

  /** Whether it puts {@link VmPlan#jail} in force by itself. */
  default boolean jails() {
    return false;
  }

  /** Whether it gives a serial console on a socket. */
  boolean hasConsole();

  /** The arguments with which it is started. */
  List<String> arguments(VmPlan plan);

  /** By what the guest is spoken to: {@code serial} or {@code vsock}. */
  default String channel() {
    return vsockPort().isPresent() ? "vsock" : "serial";
  }

  /** Who carries that channel, where there are several for one word and channel: {@code vhost-vsock}. */
  default String carrier() {
    return channel();
  }

  /** Where the machine's channel is. */
  default Address address(VmPlan plan) {
    return vsockPort().isPresent()
        ? new Address.Forwarded(plan.channel(), vsockPort().getAsInt())
        : new Address.Unix(plan.channel());
  }

  /** Why it is not to be used here though its program is installed; empty where it is. */
  default Optional<String> hindrance() {
    return Optional.empty();
  }

  /**
   * Whether it could not begin because another's machine has the same context id.
   *
   * @param words its last ones
   */
  default boolean refusesCid(String words) {
    return false;
  }

  /**
   * A program that must run beside it, with its arguments; empty for none. It is started first, and there once {@link
   * #companionSocket} is.
   */
  default List<String> companion(VmPlan plan) {
    return List.of();
  }

  /** Where the companion listens. */
  default Path companionSocket(VmPlan plan) {
    return plan.folder();
  }

  /** Whether it can write down a machine's state and take it up again. */
  default boolean takesSnapshots() {
    return false;
  }

  /** All that tells its program from another version of it: only the same takes a machine's state up again. */
  default String exactVersion() {
    return "";
  }

  /** The arguments with which it is started to wait for the state of such a machine ({@link Control#load}). */
  default List<String> resumingArguments(VmPlan plan) {
    throw new UnsupportedOperationException(word());
  }

  /** The port in the guest, where the channel is vsock. */
  OptionalInt vsockPort();

  /** Takes its orders socket up, of a monitor that has just been started or has run for long. */
  Control attach(Path folder, String thing, Sockets sockets, Deadline deadline)
      throws DaemonException;

  /** Orders to one running monitor. Safe for several threads. */
  interface Control extends AutoCloseable {
    /** Makes the machine and lets it run, where starting the program has not. */
    void boot(VmPlan plan, Deadline deadline) throws DaemonException;

    void pause(Deadline deadline) throws DaemonException;

    void resume(Deadline deadline) throws DaemonException;

    boolean isPaused(Deadline deadline) throws DaemonException;

    /**
     * From now on the machine's disks are no faster than that.
     *
     * @param disks how many it has
     * @return whether it can be limited so at all
     */
    default boolean limitDisks(int disks, DiskRate rate, Deadline deadline) throws DaemonException {
      return false;
    }

    /** The limit that is in force; empty where there can be none. */
    default Optional<DiskRate> diskRate(Deadline deadline) throws DaemonException {
      return Optional.empty();
    }

    /** {@link Monitor#exactVersion} of the one that runs. */
    default String exactVersion(Deadline deadline) throws DaemonException {
      return "";
    }

    /** Writes the state of a paused machine, memory and devices, to a new file; the machine stays paused. */
    default SavedState save(VmPlan plan, Path file, Deadline deadline) throws DaemonException {
      throw noSnapshots(plan.name());
    }

    /** Hands over the state of a machine, with which a monitor that waits for it begins; see {@link #isLoaded}. */
    default void load(VmPlan plan, Path file, Deadline deadline) throws DaemonException {
      throw noSnapshots(plan.name());
    }

    /** Whether it has taken up what {@link #load} gave it: then its machine is a paused one. */
    default boolean isLoaded(Deadline deadline) throws DaemonException {
      return false;
    }

    private static DaemonException noSnapshots(String machine) {
      return new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          machine,
          "snapshots are taken with QEMU only",
          "say monitor = \"qemu\"");
    }

    @Override
    void close();
  }
}
