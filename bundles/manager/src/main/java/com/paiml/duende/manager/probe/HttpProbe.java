package com.paiml.duende.manager.probe;

import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.HealthProbe;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.net.URISyntaxException;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;

/** Healthy when a GET is answered with a status of 200 to 399. Redirections are not followed, the answer is not read. */
@Component(property = HealthProbe.TYPE + "=http", configurationPolicy = ConfigurationPolicy.IGNORE)
public final class HttpProbe implements HealthProbe {

  @Override
  public HealthStatus probe(String target, Deadline deadline) {
    HttpURLConnection connection;
    try {
      URI uri = new URI(target);
      // What is asked is next door: a proxy of the container's environment is none of its business.
      if (!(uri.toURL().openConnection(Proxy.NO_PROXY) instanceof HttpURLConnection http)) {
        return HealthStatus.unhealthy("\"" + target + "\" is not an http URL");
      }
      connection = http;
    } catch (URISyntaxException | IOException | IllegalArgumentException e) {
      return HealthStatus.unhealthy("\"" + target + "\" is not an http URL: " + e.getMessage());
    }
    try {
      int millis = Math.clamp(deadline.remaining().toMillis(), 1, 86_400_000);
      connection.setConnectTimeout(millis);
      connection.setReadTimeout(millis);
      connection.setInstanceFollowRedirects(false);
      connection.setUseCaches(false);
      connection.setRequestProperty("Connection", "close");
      connection.setRequestProperty("User-Agent", "duende");
      int status = connection.getResponseCode();
      if (status >= 200 && status < 400) {
        return HealthStatus.healthy(5);
      }
      return HealthStatus.unhealthy(
          target + (status < 0 ? ": the answer is not HTTP" : " answered " + status));
    } catch (IOException e) {
      return HealthStatus.unhealthy(target + ": " + e.getMessage());
    } finally {
      connection.disconnect();
    }
  }
}
