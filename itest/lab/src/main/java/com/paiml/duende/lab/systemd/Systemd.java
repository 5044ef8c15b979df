package com.paiml.duende.lab.systemd;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A real systemd, PID 1 of namespaces of its own, with journal, system bus and, when asked for, the user manager of root. It
 * sees the machine's files and can change none of them but those below {@link #shared()}, which has the same path inside
 * and outside. It ends, with all that runs in it, at {@link #close()} or with this JVM.
 */
public final class Systemd implements AutoCloseable {
  private static final Duration BOOT = Duration.ofMinutes(5);
  private static final Duration SHORT = Duration.ofSeconds(30);
  private static final int MOST_LOG = 4000;

  private final Process guard;
  private final Path folder;
  private final long leader;

  private Systemd(Process guard, Path folder, long leader) {
    this.guard = guard;
    this.folder = folder;
    this.leader = leader;
  }

  /**
   * Boots one.
   *
   * @throws Missing why it cannot be had here
   * @throws IOException it was started and did not come up; the message has what it said
   */
  public static Systemd boot() throws Missing, IOException, InterruptedException {
    if (!System.getProperty("os.name").equals("Linux")) {
      throw new Missing("systemd runs on Linux, and this is " + System.getProperty("os.name"));
    }
    if (!"root".equals(System.getProperty("user.name"))) {
      throw new Missing("only root may make the namespaces in which a systemd is started");
    }
    Path _ = Command.need("unshare", "util-linux");
    Path _ = Command.need("nsenter", "util-linux");
    Path _ = Command.need("pivot_root", "util-linux");
    if (!Files.isExecutable(Path.of("/lib/systemd/systemd"))) {
      throw new Missing("systemd is not here (Debian: apt-get install systemd dbus)");
    }
    Path _ = Command.need("dbus-daemon", "dbus");
    // Short, for the sockets below it, and not below /tmp, of which the inside has one of its own.
    Path folder = Files.createTempDirectory(Path.of("/var/lib"), "duende-lab-");
    @Nullable Process guard = null;
    try {
      // Daemons of other users than root have their folders below it.
      var _ = Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
      Path script = folder.resolve("boot.sh");
      try (InputStream text = Systemd.class.getResourceAsStream("boot.sh")) {
        Files.copy(text, script, StandardCopyOption.REPLACE_EXISTING);
      }
      Path work = Files.createDirectory(folder.resolve("work"));
      Path shared = Files.createDirectory(folder.resolve("s"));
      guard =
          new ProcessBuilder(
                  "sh",
                  script.toString(),
                  folder.getFileName().toString(),
                  work.toString(),
                  shared.toString())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("log").toFile())
              .start();
      long leader = awaitBoot(guard, folder);
      return new Systemd(guard, folder, leader);
    } catch (IOException | InterruptedException | RuntimeException e) {
      end(guard, folder);
      throw e;
    }
  }

  private static long awaitBoot(Process guard, Path folder)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + BOOT.toNanos();
    while (System.nanoTime() - end < 0 && guard.isAlive()) {
      Optional<Long> leader = leader(guard);
      if (leader.isPresent()
          && Files.exists(inside(leader.get(), "/run/systemd/private"))
          && Files.exists(inside(leader.get(), "/run/dbus/system_bus_socket"))
          && isUp(leader.get())) {
        return leader.get();
      }
      Thread.sleep(20);
    }
    throw new IOException("systemd did not come up within " + BOOT + ": " + log(folder));
  }

  /** The child of {@code unshare}, which is the guard's. */
  private static Optional<Long> leader(Process guard) {
    return guard
        .children()
        .filter(c -> c.info().command().map(p -> p.endsWith("/unshare")).orElse(false))
        .flatMap(ProcessHandle::children)
        .map(ProcessHandle::pid)
        .findFirst();
  }

  private static boolean isUp(long leader) throws IOException, InterruptedException {
    String state = enter(leader, SHORT, List.of("systemctl", "is-system-running")).output();
    return state.contains("running") || state.contains("degraded");
  }

  private static Path inside(long leader, String path) {
    return Path.of("/proc/" + leader + "/root" + path);
  }

  private static String log(Path folder) throws IOException {
    String text = Files.readString(folder.resolve("log"), StandardCharsets.UTF_8);
    return text.substring(Math.max(0, text.length() - MOST_LOG));
  }

  /** Its PID 1, as this machine numbers it. */
  public long leader() {
    return leader;
  }

  /** A folder with the same path inside and outside, to be written from both. */
  public Path shared() {
    return folder.resolve("s");
  }

  /** The system bus, for whoever is outside. */
  public String busAddress() {
    return "unix:path=" + inside(leader, "/run/dbus/system_bus_socket");
  }

  /** Starts the user manager of root, with a bus, and tells its address. Harmless when it is there. */
  public String startUserManager() throws IOException, InterruptedException {
    return startUserManager(0);
  }

  /** Starts the user manager of that user, with a bus, and tells its address. Harmless when it is there. */
  public String startUserManager(long uid) throws IOException, InterruptedException {
    Path bus = inside(leader, "/run/user/" + uid + "/bus");
    Command.Result started = run("systemctl", "start", "user@" + uid + ".service");
    long end = System.nanoTime() + SHORT.toNanos();
    while (!Files.exists(bus)) {
      if (!started.ok() || System.nanoTime() - end > 0) {
        throw new IOException("the user manager did not come up: " + started.output());
      }
      Thread.sleep(20);
    }
    return "unix:path=" + bus;
  }

  /** Runs a command inside, as root, to its end. */
  public Command.Result run(String... words) throws IOException, InterruptedException {
    return enter(leader, SHORT, List.of(words));
  }

  /** The words that run a command inside. */
  public List<String> command(String... words) {
    List<String> all = new ArrayList<>(entering(leader));
    all.addAll(List.of(words));
    return all;
  }

  private static Command.Result enter(long leader, Duration most, List<String> words)
      throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(entering(leader));
    all.addAll(words);
    return Command.run(most, all);
  }

  private static List<String> entering(long leader) {
    return List.of(
        "nsenter",
        "--target",
        Long.toString(leader),
        "--mount",
        // Within a chroot the root of the namespace is another one.
        "--root",
        "--pid",
        "--net",
        "--ipc",
        "--uts",
        "--cgroup",
        "env",
        "-i",
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "XDG_RUNTIME_DIR=/run/user/0");
  }

  @Override
  public void close() throws IOException, InterruptedException {
    end(guard, folder);
  }

  private static void end(@Nullable Process guard, Path folder)
      throws IOException, InterruptedException {
    if (guard != null) {
      // The end of its standard input is what it waits for.
      guard.getOutputStream().close();
      if (!guard.waitFor(BOOT.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException("systemd did not end within " + BOOT);
      }
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
