package com.paiml.duende.adapter.pepita.channel;

import java.nio.file.Path;

/** Where a machine's channel is. */
public sealed interface Address {
  /** A unix socket that is a port of virtio-serial. */
  record Unix(Path path) implements Address {
    @Override
    public String words() {
      return path.toString();
    }
  }

  /** A unix socket of Firecracker's scheme: it is told the port in the guest first. */
  record Forwarded(Path path, int port) implements Address {
    @Override
    public String words() {
      return "port " + port + " behind " + path;
    }
  }

  /** A port that the host's kernel reaches the guest by, vsock(7). */
  record Vsock(long cid, int port) implements Address {
    @Override
    public String words() {
      return "vsock " + cid + ":" + port;
    }
  }

  /** For people. */
  String words();
}
