package com.paiml.duende.manager.probe;

import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.HealthProbe;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/** Healthy when {@code HOST:PORT} accepts a connection. */
@Component(property = HealthProbe.TYPE + "=tcp", configurationPolicy = ConfigurationPolicy.IGNORE)
public final class TcpProbe implements HealthProbe {

  @Override
  public HealthStatus probe(String target, Deadline deadline) {
    int colon = target.lastIndexOf(':');
    String host = colon < 0 ? "" : target.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    int port;
    try {
      port = Integer.parseInt(target.substring(colon + 1));
    } catch (NumberFormatException e) {
      return HealthStatus.unhealthy("\"" + target + "\" is not HOST:PORT");
    }
    try (Socket socket = new Socket()) {
      InetSocketAddress address = new InetSocketAddress(host, port);
      if (address.isUnresolved()) {
        return HealthStatus.unhealthy("host " + host + " is unknown");
      }
      socket.connect(address, Math.clamp(deadline.remaining().toMillis(), 1, 86_400_000));
      return HealthStatus.healthy(5);
    } catch (IOException | IllegalArgumentException e) {
      return HealthStatus.unhealthy(target + ": " + e.getMessage());
    }
  }
}
