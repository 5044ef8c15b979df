package com.paiml.duende.adapter.container.docker;

import com.paiml.duende.adapter.container.http.Json;
import com.paiml.duende.api.DaemonException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Credentials for registries, from the files in which {@code docker login} and {@code podman login} keep them. Programs that
 * keep them elsewhere (credential helpers) are not asked.
 */
public final class Credentials {
  private static final String TOKEN = "identitytoken";
  private static final String USER = "username";
  private static final String PASSWORD = "password";

  private Credentials() {}

  /** The value of the header {@code X-Registry-Auth}; empty when there are none. */
  static Optional<String> forRegistry(String registry, Map<String, String> environment)
      throws DaemonException {
    Optional<Map<String, String>> found = find(registry, environment);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    Map<String, Object> said = new LinkedHashMap<>(found.get());
    said.put("serveraddress", registry);
    return Optional.of(
        Base64.getUrlEncoder().encodeToString(Json.write(said).getBytes(StandardCharsets.UTF_8)));
  }

  /** The value of the header {@code Authorization} for a registry that takes the password itself, RFC 7617; empty when there is none. */
  public static Optional<String> basic(String registry, Map<String, String> environment) {
    return find(registry, environment)
        .filter(found -> found.containsKey(USER))
        .map(found -> found.get(USER) + ":" + found.get(PASSWORD))
        .map(pair -> "Basic " + encode(pair));
  }

  private static String encode(String pair) {
    return Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
  }

  private static Optional<Map<String, String>> find(
      String registry, Map<String, String> environment) {
    for (Path file : files(environment)) {
      try {
        if (Files.isReadable(file)) {
          Json auths = Json.object(Files.readString(file), file.toString()).at("auths");
          Optional<Map<String, String>> found = entry(auths, registry);
          if (found.isPresent()) {
            return found;
          }
        }
      } catch (IOException e) {
        skip(file, e.toString());
      } catch (DaemonException | IllegalArgumentException e) {
        // What is there is not repeated: it may be a password.
        skip(file, "is not what docker login and podman login write");
      }
    }
    return Optional.empty();
  }

  private static void skip(Path file, String why) {
    System.getLogger(Credentials.class.getName())
        .log(System.Logger.Level.WARNING, "{0} is left out: {1}", file, why);
  }

  private static List<Path> files(Map<String, String> environment) {
    List<Path> files = new ArrayList<>();
    add(files, environment.get("REGISTRY_AUTH_FILE"), "");
    add(files, environment.get("XDG_RUNTIME_DIR"), "containers/auth.json");
    add(files, environment.get("DOCKER_CONFIG"), "config.json");
    add(files, environment.get("HOME"), ".docker/config.json");
    add(files, environment.get("HOME"), ".config/containers/auth.json");
    return files;
  }

  private static void add(
      List<Path> files, @org.jspecify.annotations.Nullable String folder, String name) {
    if (folder != null && !folder.isEmpty()) {
      files.add(name.isEmpty() ? Path.of(folder) : Path.of(folder, name));
    }
  }

  private static Optional<Map<String, String>> entry(Json auths, String registry) {
    String host = registry.equals(Reference.HUB) ? "docker.io" : registry;
    for (String key : List.of(registry, host, "https://" + host)) {
      Json entry = auths.at(key);
      String token = entry.at(TOKEN).text();
      String auth = entry.at("auth").text();
      if (!token.isEmpty()) {
        return Optional.of(Map.of(TOKEN, token));
      }
      if (!auth.isEmpty()) {
        String[] pair =
            new String(Base64.getDecoder().decode(auth), StandardCharsets.UTF_8).split(":", 2);
        return Optional.of(Map.of(USER, pair[0], PASSWORD, pair.length > 1 ? pair[1] : ""));
      }
    }
    return Optional.empty();
  }
}
