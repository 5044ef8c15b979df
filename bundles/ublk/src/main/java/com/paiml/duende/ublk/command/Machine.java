package com.paiml.duende.ublk.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.ublk.control.Control;
import com.paiml.duende.ublk.control.DeviceInfo;
import com.paiml.duende.ublk.ring.Syscalls;
import com.paiml.duende.ublk.serve.Orphans;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The ublk of this machine. Bound when a command asks, so that a container without disks pays nothing. */
record Machine(Linux linux, Syscalls calls, Control control) {
  static Machine here() throws DaemonException {
    Optional<DaemonException> missing = Control.missing();
    if (missing.isPresent()) {
      throw missing.get();
    }
    return switch (Linux.detect()) {
      case Linux.Here here -> {
        Syscalls calls = new Syscalls(here.linux());
        yield new Machine(here.linux(), calls, new Control(calls));
      }
      case Linux.NotHere not ->
          throw new DaemonException(ErrorCode.NOT_SUPPORTED, "ublk", not.reason(), "");
    };
  }

  Orphans orphans() {
    return new Orphans(linux, calls, control);
  }

  /** The device of that number. */
  DeviceInfo device(int id) throws DaemonException {
    return control
        .info(id)
        .orElseThrow(
            () ->
                new DaemonException(
                    ErrorCode.NOT_FOUND,
                    "ublk device " + id,
                    "is not there",
                    "\"ublk:list\" shows those that are"));
  }

  /**
   * The daemon that serves a device, where it is one of this container's. Who serves a device of an unprivileged process is that
   * process's word: it counts where the process that it names is of the device's owner.
   */
  static String daemonOf(DaemonManager manager, DeviceInfo device) {
    if (device.unprivileged() && !owns(device.owner(), device.pid())) {
      return "";
    }
    for (DaemonInfo daemon : manager.list()) {
      if (daemon.pid().isPresent() && daemon.pid().getAsLong() == device.pid()) {
        return daemon.name();
      }
    }
    return "";
  }

  private static boolean owns(int user, int pid) {
    try {
      return Files.getAttribute(Path.of("/proc", String.valueOf(pid)), "unix:uid").equals(user);
    } catch (IOException gone) {
      return false;
    }
  }

  /** The number that a word is, or of the disk whose path it is. */
  static Optional<Integer> number(String word) {
    String digits = word.startsWith("/dev/ublkb") ? word.substring("/dev/ublkb".length()) : word;
    return digits.matches("[0-9]{1,6}") ? Optional.of(Integer.valueOf(digits)) : Optional.empty();
  }
}
