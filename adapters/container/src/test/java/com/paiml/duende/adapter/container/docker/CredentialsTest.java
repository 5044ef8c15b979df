package com.paiml.duende.adapter.container.docker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CredentialsTest {
  private static final String REGISTRY = "registry.example:5000";

  @TempDir Path folder;

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static String login(String registry, String pair) {
    return "{\"auths\":{\"" + registry + "\":{\"auth\":\"" + base64(pair) + "\"}}}";
  }

  private Path write(String file, String text) throws Exception {
    Path path = folder.resolve(file);
    Files.createDirectories(path.getParent());
    return Files.writeString(path, text);
  }

  @ParameterizedTest
  @CsvSource({
    "REGISTRY_AUTH_FILE, some/auth.json, some/auth.json",
    "XDG_RUNTIME_DIR, run, run/containers/auth.json",
    "DOCKER_CONFIG, docker, docker/config.json",
    "HOME, home, home/.docker/config.json",
    "HOME, home, home/.config/containers/auth.json"
  })
  void given_a_login_in_one_of_the_usual_files_then_it_is_found(
      String variable, String value, String file) throws Exception {
    Path _ = write(file, login(REGISTRY, "reader:a:b"));
    Map<String, String> environment = Map.of(variable, folder.resolve(value).toString());
    assertEquals(
        Optional.of("Basic " + base64("reader:a:b")), Credentials.basic(REGISTRY, environment));
    String header =
        new String(
            Base64.getUrlDecoder()
                .decode(Credentials.forRegistry(REGISTRY, environment).orElseThrow()),
            StandardCharsets.UTF_8);
    assertTrue(header.contains("\"username\":\"reader\""), header);
    assertTrue(header.contains("\"password\":\"a:b\""), header);
    assertTrue(header.contains("\"serveraddress\":\"" + REGISTRY + "\""), header);
    assertTrue(Credentials.basic("other.example", environment).isEmpty());
  }

  @Test
  void given_a_login_to_docker_hub_then_it_is_found_under_each_of_its_names() throws Exception {
    for (String name : new String[] {"https://index.docker.io/v1/", "docker.io"}) {
      Path file = write("hub.json", login(name, "me:secret"));
      Map<String, String> environment = Map.of("REGISTRY_AUTH_FILE", file.toString());
      String hub = Reference.parse("library/busybox").registry();
      assertTrue(Credentials.forRegistry(hub, environment).isPresent(), name);
    }
  }

  @Test
  void given_a_token_then_it_is_for_engines_that_know_what_to_do_with_it() throws Exception {
    Path file =
        write("token.json", "{\"auths\":{\"" + REGISTRY + "\":{\"identitytoken\":\"once\"}}}");
    Map<String, String> environment = Map.of("REGISTRY_AUTH_FILE", file.toString());
    assertTrue(Credentials.forRegistry(REGISTRY, environment).isPresent());
    assertTrue(Credentials.basic(REGISTRY, environment).isEmpty());
  }

  @Test
  void given_a_file_that_is_broken_then_the_next_one_is_read() throws Exception {
    Path broken = write("broken.json", "{\"auths\": [");
    Path _ = write("docker/config.json", login(REGISTRY, "me:secret"));
    Map<String, String> environment =
        Map.of(
            "REGISTRY_AUTH_FILE",
            broken.toString(),
            "DOCKER_CONFIG",
            folder.resolve("docker").toString());
    assertFalse(Credentials.basic(REGISTRY, environment).isEmpty());
  }
}
