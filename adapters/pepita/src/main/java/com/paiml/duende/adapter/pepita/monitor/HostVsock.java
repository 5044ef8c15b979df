package com.paiml.duende.adapter.pepita.monitor;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * The host kernel's own vsock for machines, vhost_vsock.
 *
 * @param device where a machine is made known to it
 * @param childMode which the kernel has from 7.0 on (Documentation/admin-guide/sysctl/net.rst, vsock): whether a new network
 *     namespace has context ids of its own
 */
record HostVsock(Path device, Path childMode) {
  static HostVsock here() {
    return new HostVsock(Path.of("/dev/vhost-vsock"), Path.of("/proc/sys/net/vsock/child_ns_mode"));
  }

  /** Why it cannot be used, found by trying; empty where it can. Opening the device loads its module where that may be. */
  Optional<String> hindrance() {
    try (FileChannel _ =
        FileChannel.open(device, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      if (Files.exists(childMode) && Files.readString(childMode).strip().equals("local")) {
        // A jailed monitor is in such a namespace, and from here its machine could not be reached.
        return Optional.of(childMode + " is \"local\"");
      }
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(
          Files.exists(device)
              ? device + " cannot be opened: " + e.getMessage()
              : "there is no " + device);
    }
  }
}
