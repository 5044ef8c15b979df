package org.example.duende.ssh;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** OpenSSH's own server, on loopback, for this user, with keys and folders of the test's own. */
final class Sshd implements AutoCloseable {
  private final Process process;
  private final int port;
  private final Path folder;
  private final boolean madeRun;

  private Sshd(Process process, int port, Path folder, boolean madeRun) {
    this.process = process;
    this.port = port;
    this.folder = folder;
    this.madeRun = madeRun;
  }

  /** Why it cannot be had; empty when it can. */
  static Optional<String> missing() {
    for (String tool : List.of("/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen")) {
      if (!Files.isExecutable(Path.of(tool))) {
        return Optional.of(
            "no " + tool + " (Debian: apt-get install openssh-server openssh-client)");
      }
    }
    return Optional.empty();
  }

  static Sshd start(Path folder) throws Exception {
    for (String key : List.of("host", "user")) {
      Process made =
          new ProcessBuilder(
                  "/usr/bin/ssh-keygen",
                  "-q",
                  "-t",
                  "ed25519",
                  "-N",
                  "",
                  "-f",
                  folder.resolve(key).toString())
              .inheritIO()
              .start();
      if (made.waitFor() != 0) {
        throw new IOException("ssh-keygen failed");
      }
    }
    Files.copy(folder.resolve("user.pub"), folder.resolve("authorized"));
    // Where sshd of root keeps its unprivileged part; Debian makes it at boot.
    Path run = Path.of("/run/sshd");
    boolean madeRun = System.getProperty("user.name").equals("root") && !Files.exists(run);
    if (madeRun) {
      Files.createDirectory(run);
    }
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path config = folder.resolve("sshd_config");
    Files.writeString(
        config,
        """
        ListenAddress 127.0.0.1:%d
        HostKey %s
        AuthorizedKeysFile %s
        PidFile none
        StrictModes no
        UsePAM no
        PasswordAuthentication no
        KbdInteractiveAuthentication no
        MaxStartups 100
        MaxSessions 100
        """
            .formatted(port, folder.resolve("host"), folder.resolve("authorized")));
    Process process =
        new ProcessBuilder("/usr/sbin/sshd", "-D", "-e", "-f", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("sshd.log").toFile())
            .start();
    Sshd sshd = new Sshd(process, port, folder, madeRun);
    for (int i = 0; !sshd.answers(); i++) {
      if (i > 3000 || !process.isAlive()) {
        sshd.close();
        throw new IOException(
            "sshd does not start: " + Files.readString(folder.resolve("sshd.log")));
      }
      Thread.sleep(10);
    }
    String[] key = Files.readString(folder.resolve("host.pub")).split(" ");
    Files.writeString(
        folder.resolve("known"), "[127.0.0.1]:" + port + " " + key[0] + " " + key[1] + "\n");
    return sshd;
  }

  private boolean answers() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** {@code [ssh]} of a daemon file. */
  Map<String, Object> table() {
    return Map.of(
        "host", "127.0.0.1",
        "port", (long) port,
        "identity", folder.resolve("user").toString(),
        "known_hosts", folder.resolve("known").toString(),
        "directory", folder.resolve("far").toString());
  }

  /** Breaks every connection, as a network does. */
  void breakConnections() {
    process
        .descendants()
        .filter(p -> p.info().command().orElse("").contains("sshd"))
        .forEach(ProcessHandle::destroyForcibly);
  }

  @Override
  public void close() throws IOException {
    breakConnections();
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (madeRun) {
      Files.deleteIfExists(Path.of("/run/sshd"));
    }
  }
}
