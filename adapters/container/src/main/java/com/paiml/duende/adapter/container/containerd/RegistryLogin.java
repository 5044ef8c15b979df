package com.paiml.duende.adapter.container.containerd;

import com.paiml.duende.adapter.container.docker.Credentials;
import com.paiml.duende.adapter.container.docker.Reference;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A password for ctr, in a file that nobody else may read for as long as ctr runs: in its arguments everybody would. It is
 * sent as it is: a registry that gives tokens for it is asked without.
 *
 * @see <a href="https://github.com/containerd/containerd/blob/main/docs/hosts.md">containerd's hosts.toml</a>
 */
final class RegistryLogin implements AutoCloseable {
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9.-]+(:[0-9]+)?");
  private static final Pattern OF_THIS_MACHINE =
      Pattern.compile("(localhost|127\\.[0-9.]+)(:[0-9]+)?");

  private final @Nullable Path folder;

  private RegistryLogin(@Nullable Path folder) {
    this.folder = folder;
  }

  /** With what the usual files have for that image's registry; with nothing where they have nothing. */
  static RegistryLogin of(Reference image, Map<String, String> environment) throws DaemonException {
    String host = image.registry();
    Optional<String> header = Credentials.basic(host, environment);
    if (header.isEmpty() || !HOST.matcher(host).matches()) {
      return new RegistryLogin(null);
    }
    try {
      // For its owner only, as all folders of this kind are.
      Path folder = Files.createTempDirectory("duende-registry-");
      RegistryLogin login = new RegistryLogin(folder);
      try {
        Path file = Files.createDirectory(folder.resolve(host)).resolve("hosts.toml");
        Path _ =
            Files.createFile(
                file,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(file, text(host, header.get()));
        return login;
      } catch (IOException e) {
        login.close();
        throw e;
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          "registry " + host,
          "its password cannot be handed to ctr: " + e.getMessage(),
          "see the space left for temporary files",
          e);
    }
  }

  private static String text(String host, String header) {
    String address = (OF_THIS_MACHINE.matcher(host).matches() ? "http://" : "https://") + host;
    return """
    server = "%1$s"
    [host."%1$s"]
      capabilities = ["pull", "resolve"]
      [host."%1$s".header]
        Authorization = "%2$s"
    """
        .formatted(address, header);
  }

  /** What ctr is told of it. */
  List<String> arguments() {
    return folder == null ? List.of() : List.of("--hosts-dir", folder.toString());
  }

  @Override
  public void close() throws IOException {
    if (folder == null) {
      return;
    }
    try (var all = Files.walk(folder)) {
      for (Path one : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(one);
      }
    }
  }
}
