package com.paiml.duende.adapter.container.containerd;

import com.paiml.duende.adapter.container.http.Json;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * What an image says beside its files.
 *
 * @param digest of its manifest or index
 * @param chain the id of the snapshot of all its layers
 * @see <a href="https://github.com/opencontainers/image-spec/blob/main/config.md">OCI image configuration</a>
 */
record ImageConfig(
    String digest,
    String chain,
    List<String> entrypoint,
    List<String> command,
    List<String> env,
    String workingDir,
    String user) {

  static ImageConfig of(String digest, Json config) {
    Json c = config.at("config");
    return new ImageConfig(
        digest,
        chain(texts(config.at("rootfs", "diff_ids"))),
        texts(c.at("Entrypoint")),
        texts(c.at("Cmd")),
        texts(c.at("Env")),
        c.at("WorkingDir").text(),
        c.at("User").text());
  }

  private static List<String> texts(Json list) {
    return list.items().stream().map(Json::text).toList();
  }

  /** Each layer's id is a digest of the one below and its own. */
  static String chain(List<String> layers) {
    String chain = "";
    for (String layer : layers) {
      chain = chain.isEmpty() ? layer : "sha256:" + sha256(chain + " " + layer);
    }
    return chain;
  }

  private static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      // Every Java has it: java.security.MessageDigest.
      throw new IllegalStateException(e);
    }
  }
}
