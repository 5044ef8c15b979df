package com.paiml.duende.itest.outside;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.itest.container.Distribution;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Given a running container and an adapter that was built outside: it is dropped in, used, taken away and brought back. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ThirdPartyIT {
  private static final Duration DEADLINE = Duration.ofMinutes(2);

  @TempDir Path folder;
  private Process sshd;
  private boolean madeRun;

  @AfterEach
  void end() throws Exception {
    if (Files.exists(folder.resolve("data/control.sock"))) {
      duende("down");
    }
    if (sshd != null) {
      sshd.descendants().forEach(ProcessHandle::destroy);
      sshd.destroy();
      sshd.waitFor(10, TimeUnit.SECONDS);
    }
    if (madeRun) {
      Files.deleteIfExists(Path.of("/run/sshd"));
    }
  }

  @Test
  void a_plug_in_is_usable_at_once_and_its_daemons_outlive_its_absence() throws Exception {
    for (String tool : List.of("/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen")) {
      assumeTrue(
          Files.isExecutable(Path.of(tool)),
          "no " + tool + " (Debian: apt-get install openssh-server openssh-client)");
    }
    Published published = new Published(folder);
    Path project = OutsideIT.Example.copyTo(folder);
    published.maven(project, "package", "-DskipTests");
    Path jar = project.resolve("target/duende-ssh-1.0.0-SNAPSHOT.jar");
    int port = startServer();

    assertEquals(0, duende("up").status());
    Path plugins = Files.createDirectories(folder.resolve("data/bundles"));
    Path dropped = plugins.resolve("duende-ssh.jar");
    Files.copy(jar, plugins.resolve("duende-ssh.jar.part"));
    long began = System.nanoTime();
    Files.move(plugins.resolve("duende-ssh.jar.part"), dropped, StandardCopyOption.ATOMIC_MOVE);
    await("the platform is there", () -> duende("adapters", "ssh").status() == 0);
    System.out.printf(
        "third-party adapter: usable %d ms after it was dropped (calls of the command included)%n",
        (System.nanoTime() - began) / 1_000_000);

    Path file =
        Files.writeString(
            folder.resolve("far.toml"),
            """
            name = "far"
            platform = "ssh"
            binary_path = "/bin/sh"
            args = ["-c", "echo $$ > %s; echo hello from afar; exec sleep 600"]
            [ssh]
            host = "127.0.0.1"
            port = %d
            identity = "%s"
            known_hosts = "%s"
            directory = "%s"
            """
                .formatted(
                    folder.resolve("pid"),
                    port,
                    folder.resolve("user"),
                    folder.resolve("known"),
                    folder.resolve("far")));
    Answer deployed = duende("deploy", file.toString());
    assertEquals(0, deployed.status(), deployed.text());
    await("its log comes", () -> duende("logs", "far").text().contains("hello from afar"));
    ProcessHandle program =
        ProcessHandle.of(Long.parseLong(Files.readString(folder.resolve("pid")).strip()))
            .orElseThrow();

    Files.delete(dropped);
    await("nobody manages it", () -> duende("ps", "-a").text().contains("adapter"));
    assertTrue(program.isAlive(), "the program goes on without its adapter");

    Files.copy(jar, plugins.resolve("duende-ssh.jar.part"));
    Files.move(plugins.resolve("duende-ssh.jar.part"), dropped, StandardCopyOption.ATOMIC_MOVE);
    await(
        "it is taken up again",
        () -> {
          String text = duende("ps", "far").text();
          return text.contains("running") && !text.contains("adapter");
        });
    assertTrue(program.isAlive(), "nothing was started twice");
    assertTrue(
        duende("status", "far").text().contains("recovered"), duende("status", "far").text());

    assertEquals(0, duende("rm", "far").status());
    await("it is gone", () -> !program.isAlive());
  }

  private int startServer() throws Exception {
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
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      assertEquals(0, made.waitFor());
    }
    Path run = Path.of("/run/sshd");
    if (System.getProperty("user.name").equals("root") && !Files.exists(run)) {
      Files.createDirectory(run);
      madeRun = true;
    }
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    Path config =
        Files.writeString(
            folder.resolve("sshd_config"),
            """
            ListenAddress 127.0.0.1:%d
            HostKey %s
            AuthorizedKeysFile %s
            PidFile none
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            """
                .formatted(port, folder.resolve("host"), folder.resolve("user.pub")));
    sshd =
        new ProcessBuilder("/usr/sbin/sshd", "-D", "-e", "-f", config.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("sshd.log").toFile())
            .start();
    await(
        "sshd answers",
        () -> {
          try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            return true;
          } catch (IOException e) {
            return false;
          }
        });
    String[] key = Files.readString(folder.resolve("host.pub")).split(" ");
    Files.writeString(
        folder.resolve("known"), "[127.0.0.1]:" + port + " " + key[0] + " " + key[1] + "\n");
    return port;
  }

  private record Answer(int status, String text) {}

  private Answer duende(String... words) throws Exception {
    List<String> line = new ArrayList<>(List.of(Distribution.home() + "/bin/duende"));
    line.addAll(List.of(words));
    Path output = Files.createTempFile(folder, "said", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(output.toFile());
    builder.environment().keySet().removeIf(n -> n.startsWith("DUENDE_") || n.startsWith("XDG_"));
    builder.environment().put("DUENDE_DATA", folder.resolve("data").toString());
    builder.environment().put("DUENDE_ETC", folder.resolve("etc").toString());
    builder.environment().put("DUENDE_AOT", "off");
    Process process = builder.start();
    assertTrue(process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS), "an answer to " + line);
    return new Answer(process.exitValue(), Files.readString(output));
  }

  private static void await(String what, Callable<Boolean> condition) throws Exception {
    Instant end = Instant.now().plus(DEADLINE);
    while (!condition.call()) {
      assertTrue(Instant.now().isBefore(end), () -> "not within " + DEADLINE + ": " + what);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
  }
}
