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
final class Credentials {
  private Credentials() {}

  /** The value of the header {@code X-Registry-Auth}; empty when there are none. */
  static Optional<String> forRegistry(String registry, Map<String, String> environment) {
    for (Path file : files(environment)) {
      try {
        if (Files.isReadable(file)) {
          Json auths = Json.object(Files.readString(file), file.toString()).at("auths");
          Optional<String> found = header(auths, registry);
          if (found.isPresent()) {
            return found;
          }
        }
      } catch (IOException | DaemonException | IllegalArgumentException e) {
        System.getLogger(Credentials.class.getName())
            .log(System.Logger.Level.WARNING, "{0}: {1}", file, e.getMessage());
      }
    }
    return Optional.empty();
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

  private static Optional<String> header(Json auths, String registry) throws DaemonException {
    String host = registry.equals(Reference.HUB) ? "docker.io" : registry;
    for (String key : List.of(registry, host, "https://" + host)) {
      Json entry = auths.at(key);
      String token = entry.at("identitytoken").text();
      String auth = entry.at("auth").text();
      Map<String, Object> said = new LinkedHashMap<>();
      if (!token.isEmpty()) {
        said.put("identitytoken", token);
      } else if (!auth.isEmpty()) {
        String[] pair =
            new String(Base64.getDecoder().decode(auth), StandardCharsets.UTF_8).split(":", 2);
        said.put("username", pair[0]);
        said.put("password", pair.length > 1 ? pair[1] : "");
      } else {
        continue;
      }
      said.put("serveraddress", registry);
      return Optional.of(
          Base64.getUrlEncoder().encodeToString(Json.write(said).getBytes(StandardCharsets.UTF_8)));
    }
    return Optional.empty();
  }
}
