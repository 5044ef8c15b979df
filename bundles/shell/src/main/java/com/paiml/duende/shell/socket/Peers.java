package com.paiml.duende.shell.socket;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.util.Optional;
import jdk.net.ExtendedSocketOptions;

/** Who may command the container: its own user, and root. The kernel says who it is (SO_PEERCRED, unix(7)). */
final class Peers {
  private final UserPrincipal owner;
  private final Optional<UserPrincipal> root;

  private Peers(UserPrincipal owner, Optional<UserPrincipal> root) {
    this.owner = owner;
    this.root = root;
  }

  /** @param own a file that this process has made */
  static Peers ofOwner(Path own) throws IOException {
    return new Peers(Files.getOwner(own), lookupRoot(own));
  }

  private static Optional<UserPrincipal> lookupRoot(Path path) {
    try {
      return Optional.of(
          path.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("root"));
    } catch (IOException e) {
      // A system without a user of that name: nobody but the owner may.
      return Optional.empty();
    }
  }

  /** The peer's name where it may not command this container; empty where it may. */
  Optional<String> stranger(SocketChannel channel) throws IOException {
    UserPrincipal peer = channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
    boolean allowed = peer.equals(owner) || root.filter(peer::equals).isPresent();
    return allowed ? Optional.empty() : Optional.of(peer.getName());
  }

  String owner() {
    return owner.getName();
  }
}
