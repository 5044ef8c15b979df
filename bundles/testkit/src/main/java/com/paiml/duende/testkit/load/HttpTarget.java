package com.paiml.duende.testkit.load;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** GET of a URL. A status of 400 or more is an error. Connections are kept. */
public final class HttpTarget implements LoadTarget, AutoCloseable {
  private final HttpClient client;
  private final HttpRequest request;

  /**
   * @param timeout for one request, connecting included
   * @throws IllegalArgumentException when it is not an http or https URL
   */
  public HttpTarget(URI url, Duration timeout) {
    client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(timeout)
            .build();
    request = HttpRequest.newBuilder(url).timeout(timeout).GET().build();
  }

  @Override
  public void request() throws IOException, InterruptedException {
    HttpResponse<Void> response = client.send(request, HttpResponse.BodyHandlers.discarding());
    if (response.statusCode() >= 400) {
      throw new IOException("status " + response.statusCode());
    }
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
