package com.paiml.duende.lab.container;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;

/**
 * An image of one layer as an archive that containerd takes.
 *
 * @see <a href="https://github.com/opencontainers/image-spec/blob/main/image-layout.md">OCI image layout</a>
 */
final class OciArchive {
  private OciArchive() {}

  static Path write(Path folder, Path layer, String reference)
      throws Missing, IOException, InterruptedException {
    Path layout = folder.resolve("oci");
    Path blobs = Files.createDirectories(layout.resolve("blobs/sha256"));
    String layerDigest = sha256(Files.readAllBytes(layer));
    Files.move(layer, blobs.resolve(layerDigest));
    long layerSize = Files.size(blobs.resolve(layerDigest));
    String architecture = System.getProperty("os.arch", "").equals("aarch64") ? "arm64" : "amd64";
    String config =
        """
        {"architecture":"%s","os":"linux","config":{"Env":["PATH=/bin"]},\
        "rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[]}\
        """
            .formatted(architecture, layerDigest);
    String configDigest = put(blobs, config);
    String manifest =
        """
        {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",\
        "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%d},\
        "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:%s","size":%d}]}\
        """
            .formatted(configDigest, config.length(), layerDigest, layerSize);
    String manifestDigest = put(blobs, manifest);
    Files.writeString(
        layout.resolve("index.json"),
        """
        {"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",\
        "digest":"sha256:%s","size":%d,"annotations":{"io.containerd.image.name":"%s"},\
        "platform":{"architecture":"%s","os":"linux"}}]}\
        """
            .formatted(manifestDigest, manifest.length(), reference, architecture));
    Files.writeString(layout.resolve("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}");
    Path archive = folder.resolve("oci.tar");
    Command.Result made =
        Command.run(
            Duration.ofSeconds(60),
            List.of("tar", "-C", layout.toString(), "-cf", archive.toString(), "."));
    if (!made.ok()) {
      throw new IOException("the archive cannot be made: " + made.output());
    }
    return archive;
  }

  private static String put(Path blobs, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    String digest = sha256(bytes);
    Files.write(blobs.resolve(digest), bytes);
    return digest;
  }

  private static String sha256(byte[] bytes) throws IOException {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IOException(e);
    }
  }
}
