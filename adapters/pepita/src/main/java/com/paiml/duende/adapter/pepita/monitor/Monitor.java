package com.paiml.duende.adapter.pepita.monitor;

import com.paiml.duende.adapter.pepita.channel.Sockets;
import com.paiml.duende.api.DaemonException;
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

  /** The port in the guest, where the channel's socket is one of Firecracker's vsock scheme. */
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

    @Override
    void close();
  }
}
