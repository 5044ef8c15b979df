package com.paiml.duende.lab.container;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.GZIPOutputStream;

/**
 * A registry of one image on the loopback address, in a process of its own because it has to be in an engine's namespaces:
 * {@code LAYER.tar USER PASSWORD}. Its first line says port and digest, each further one what it was asked for.
 *
 * @see <a href="https://github.com/opencontainers/distribution-spec/blob/main/spec.md">OCI distribution</a>
 */
final class RegistryMain {
  private static final String MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

  private final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
  private final String authorization;
  private final byte[] manifest;
  private final String digest;

  private RegistryMain(Path layer, String user, String password) throws IOException {
    this.authorization =
        "Basic "
            + Base64.getEncoder()
                .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    byte[] tar = Files.readAllBytes(layer);
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(tar);
    }
    String architecture = System.getProperty("os.arch", "").equals("aarch64") ? "arm64" : "amd64";
    byte[] config =
        """
        {"architecture":"%s","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":["/bin/sh"],\
        "Healthcheck":{"Test":["CMD","/bin/test","-f","/tmp/well"],"Interval":300000000,\
        "Timeout":20000000000,"Retries":1}},\
        "rootfs":{"type":"layers","diff_ids":["%s"]},"history":[{"created_by":"a test"}]}\
        """
            .formatted(architecture, sha256(tar))
            .getBytes(StandardCharsets.UTF_8);
    this.manifest =
        """
        {"schemaVersion":2,"mediaType":"%s",\
        "config":{"mediaType":"application/vnd.docker.container.image.v1+json","digest":"%s","size":%d},\
        "layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","digest":"%s","size":%d}]}\
        """
            .formatted(
                MANIFEST, put(config), config.length, put(packed.toByteArray()), packed.size())
            .getBytes(StandardCharsets.UTF_8);
    this.digest = sha256(manifest);
  }

  public static void main(String[] words) throws IOException {
    RegistryMain registry = new RegistryMain(Path.of(words[0]), words[1], words[2]);
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", registry::answer);
    server.start();
    System.out.println(server.getAddress().getPort() + " " + registry.digest);
  }

  private String put(byte[] bytes) throws IOException {
    String name = sha256(bytes);
    blobs.put(name, bytes);
    return name;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      System.out.println(exchange.getRequestMethod() + " " + path);
      String last = path.substring(path.lastIndexOf('/') + 1);
      if (!authorization.equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
        exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"test\"");
        send(exchange, 401, "application/json", "{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}");
      } else if (path.equals("/v2/") || path.equals("/v2")) {
        send(exchange, 200, "application/json", "{}");
      } else if (path.contains("/manifests/") && (last.equals("latest") || last.equals(digest))) {
        exchange.getResponseHeaders().set("Docker-Content-Digest", digest);
        send(exchange, 200, MANIFEST, manifest);
      } else if (path.contains("/blobs/") && blobs.containsKey(last)) {
        exchange.getResponseHeaders().set("Docker-Content-Digest", last);
        send(exchange, 200, "application/octet-stream", blobs.get(last));
      } else {
        send(exchange, 404, "application/json", "{\"errors\":[{\"code\":\"NAME_UNKNOWN\"}]}");
      }
    }
  }

  private static void send(HttpExchange exchange, int status, String type, String text)
      throws IOException {
    send(exchange, status, type, text.getBytes(StandardCharsets.UTF_8));
  }

  private static void send(HttpExchange exchange, int status, String type, byte[] bytes)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
      exchange.sendResponseHeaders(status, -1);
    } else {
      exchange.sendResponseHeaders(status, bytes.length);
      exchange.getResponseBody().write(bytes);
    }
  }

  private static String sha256(byte[] bytes) throws IOException {
    try {
      return "sha256:"
          + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IOException(e);
    }
  }
}
