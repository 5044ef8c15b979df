package com.paiml.duende.support.host;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.spi.LaunchSpec;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/**
 * The socket of a daemon's JVM. It is in a folder of the daemon's own user, who could have the manager speak to another daemon, or
 * to anything else that listens, by a link in its place: no link is followed, unix(7).
 */
public final class HostSocket {
  private HostSocket() {}

  /** Connects to it; the caller closes what comes. */
  public static SocketChannel connect(Linux linux, LaunchSpec spec) throws DaemonException {
    try (Descriptor held = linux.holdSocket(spec.hostSocket())) {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        var _ =
            channel.connect(
                UnixDomainSocketAddress.of(
                    Path.of("/proc/self/fd", Integer.toString(held.number()))));
        return channel;
      } catch (IOException e) {
        channel.close();
        throw e;
      }
    } catch (LinuxException | IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          spec.name(),
          "its JVM does not answer on " + spec.hostSocket() + ": " + e.getMessage(),
          "see its log",
          e);
    }
  }
}
