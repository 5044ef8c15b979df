package com.paiml.duende.adapter.container.containerd;

import com.paiml.duende.adapter.container.engine.ImageRecipe;
import com.paiml.duende.adapter.container.engine.Tar;
import com.paiml.duende.adapter.container.http.Json;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * An image of one layer as an archive, in a folder that goes with it.
 *
 * @param folder that holds it
 * @param archive a tar archive
 * @see <a href="https://github.com/opencontainers/image-spec/blob/main/image-layout.md">OCI image layout</a>
 */
record OciLayout(Path folder, Path archive) implements AutoCloseable {

  static OciLayout write(String name, ImageRecipe recipe, InputStream layer, Deadline deadline)
      throws DaemonException {
    try {
      Path folder = Files.createTempDirectory("duende-image-");
      OciLayout layout = new OciLayout(folder, folder.resolve("image.tar"));
      try {
        layout.fill(name, recipe, layer, deadline);
        return layout;
      } catch (IOException | DaemonException e) {
        layout.close();
        throw e;
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          "image " + name,
          "cannot be written: " + e.getMessage(),
          "see the space left for temporary files",
          e);
    }
  }

  private void fill(String name, ImageRecipe recipe, InputStream layer, Deadline deadline)
      throws IOException, DaemonException {
    Path half = folder.resolve("layer");
    String layerDigest;
    try (OutputStream file = Files.newOutputStream(half);
        DigestOutputStream out = new DigestOutputStream(file, sha256())) {
      long _ = layer.transferTo(out);
      layerDigest = HexFormat.of().formatHex(out.getMessageDigest().digest());
    }
    String architecture = System.getProperty("os.arch", "").equals("aarch64") ? "arm64" : "amd64";
    byte[] config =
        bytes(
            Map.of(
                "architecture",
                architecture,
                "os",
                "linux",
                "config",
                Map.of(
                    "Entrypoint",
                    recipe.entrypoint(),
                    "Env",
                    recipe.env(),
                    "Labels",
                    recipe.labels()),
                "rootfs",
                Map.of("type", "layers", "diff_ids", List.of("sha256:" + layerDigest))));
    byte[] manifest =
        bytes(
            Map.of(
                "schemaVersion",
                2,
                "mediaType",
                "application/vnd.oci.image.manifest.v1+json",
                "config",
                descriptor(
                    "application/vnd.oci.image.config.v1+json", digest(config), config.length),
                "layers",
                List.of(
                    descriptor(
                        "application/vnd.oci.image.layer.v1.tar", layerDigest, Files.size(half)))));
    Map<String, Object> entry =
        new java.util.LinkedHashMap<>(
            descriptor(
                "application/vnd.oci.image.manifest.v1+json", digest(manifest), manifest.length));
    entry.put("annotations", Map.of("io.containerd.image.name", name));
    entry.put("platform", Map.of("architecture", architecture, "os", "linux"));
    byte[] index = bytes(Map.of("schemaVersion", 2, "manifests", List.of(entry)));
    Path layout = folder.resolve("layout");
    Path blobs = Files.createDirectories(layout.resolve("blobs/sha256"));
    Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    Files.write(layout.resolve("index.json"), index);
    Files.write(blobs.resolve(digest(manifest)), manifest);
    Files.write(blobs.resolve(digest(config)), config);
    Path _ = Files.move(half, blobs.resolve(layerDigest));
    Tar.pack(layout, archive, deadline);
  }

  private static byte[] bytes(Object value) throws DaemonException {
    return Json.write(value).getBytes(StandardCharsets.UTF_8);
  }

  private static Map<String, Object> descriptor(String type, String digest, long size) {
    return Map.of("mediaType", type, "digest", "sha256:" + digest, "size", size);
  }

  private static String digest(byte[] bytes) throws IOException {
    return HexFormat.of().formatHex(sha256().digest(bytes));
  }

  private static MessageDigest sha256() throws IOException {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IOException(e);
    }
  }

  @Override
  public void close() throws DaemonException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, folder.toString(), "cannot be removed: " + e, "remove it by hand", e);
    }
  }
}
