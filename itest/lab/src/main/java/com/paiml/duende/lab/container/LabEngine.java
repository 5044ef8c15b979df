package com.paiml.duende.lab.container;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URISyntaxException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A running engine of a test's own. Closing it ends every container and process of it, and removes its folder. */
public abstract class LabEngine implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration END = Duration.ofSeconds(30);

  /** Files and folders that a small disk has room for: an image and some containers. */
  private static final int SMALL_DISK_FILES = 4000;

  private static final String ON_A_SMALL_DISK = " on a small disk";

  private final Path folder;
  private boolean small;
  private @Nullable Process holder;
  private @Nullable Process process;
  private @Nullable Process companion;

  LabEngine(Path folder) {
    this.folder = folder;
  }

  /** Starts one of that kind, {@code docker}, {@code podman}, {@code containerd}, {@code rootless docker} or {@code rootless podman}, or the same {@code on a small disk}. */
  public static LabEngine start(String wanted) throws Missing, IOException, InterruptedException {
    boolean small = wanted.endsWith(ON_A_SMALL_DISK);
    String kind = small ? wanted.substring(0, wanted.length() - ON_A_SMALL_DISK.length()) : wanted;
    needPrivileges();
    LabEngine engine =
        switch (kind) {
          case "docker" -> LabDocker.prepare();
          case "podman" -> LabPodman.prepare(false);
          case "rootless podman" -> LabPodman.prepare(true);
          case "rootless docker" -> LabRootlessDocker.prepareRootless();
          case "containerd" -> LabContainerd.prepare();
          default -> throw new IllegalArgumentException(kind);
        };
    engine.small = small;
    try {
      engine.begin();
      engine.load();
      engine.tryOut();
      return engine;
    } catch (IOException | InterruptedException | RuntimeException | Missing e) {
      engine.close();
      throw e;
    }
  }

  private static void needPrivileges() throws Missing, IOException, InterruptedException {
    Path _ = Command.need("unshare", "util-linux");
    Path _ = Command.need("nsenter", "util-linux");
    Path _ = Command.need("ip", "iproute2");
    Command.Result tried =
        Command.run(
            Duration.ofSeconds(20),
            List.of("unshare", "-m", "-n", "--propagation", "private", "true"));
    if (!tried.ok()) {
      throw new Missing("namespaces cannot be made here: " + tried.output().strip());
    }
  }

  /** A folder whose sockets have names short enough for sun_path, unix(7). */
  static Path newFolder(String kind) throws IOException {
    return Files.createTempDirectory("duende-" + kind + "-");
  }

  /** Its kind, in the word of the daemon file. */
  public abstract String kind();

  /** Where it keeps images and containers. */
  Path store() {
    return folder.resolve("root");
  }

  /** Program and arguments of the engine. */
  abstract List<String> command() throws Missing, IOException;

  /** What is done in its namespaces before it starts; each a program and its arguments. */
  List<List<String>> before() {
    return List.of(List.of("ip", "link", "set", "lo", "up"));
  }

  /** Starts what it needs beside it, and what goes on when it is killed. */
  void beside() throws Missing, IOException, InterruptedException {
    // Most need nothing.
  }

  /** Starts a program in its namespaces, until it is closed. */
  final void startBeside(List<String> command) throws IOException {
    List<String> words = new ArrayList<>(within());
    words.addAll(command);
    companion =
        new ProcessBuilder(words)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("beside.log").toFile()))
            .start();
  }

  /** Variables that it needs. */
  Map<String, String> environment() {
    return Map.of();
  }

  /** Puts the test image in. */
  abstract void load() throws Missing, IOException, InterruptedException;

  /** Sees whether it can do what it is for, where that is not certain. */
  void tryOut() throws Missing, IOException, InterruptedException {
    // Most can.
  }

  /** The reference of the test image. */
  public String image() {
    return TestImage.REFERENCE;
  }

  /** Where it listens. */
  public Path socket() {
    return folder.resolve("e.sock");
  }

  public Path folder() {
    return folder;
  }

  /** Program and leading arguments of the engine's own command, to be run in its namespaces. */
  public abstract List<String> client() throws Missing;

  /** Makes a network whose containers can publish ports, and gives its name. */
  public String network() throws Missing, IOException, InterruptedException {
    String name = "duende-lab";
    Command.Result made = run("network", "create", name);
    if (!made.ok()) {
      throw new Missing(kind() + " makes no networks here: " + made.output().strip());
    }
    return name;
  }

  /** The line that is said to whoever connects to that port of the loopback address beside the engine; empty when nothing is. */
  public String reach(int port) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(within());
    words.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            classes().toString(),
            ReachMain.class.getName(),
            Integer.toString(port)));
    return Command.run(PATIENCE, words).output().strip();
  }

  /** Where the classes are that run in an engine's namespaces. */
  static Path classes() throws IOException {
    try {
      return Path.of(LabEngine.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
  }

  /** Removes all containers there are, whatever their state. */
  abstract void removeAll() throws IOException, InterruptedException, Missing;

  /** Starts the engine, or starts it again after {@link #kill}, in the namespaces that it had. */
  public final void begin() throws Missing, IOException, InterruptedException {
    if (holder == null) {
      holder =
          new ProcessBuilder("unshare", "-m", "-n", "--propagation", "private", "sleep", "infinity")
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      awaitNamespaces(holder.pid());
      if (small) {
        mountSmallDisk();
      }
      keepNetworksApart();
      beside();
    }
    Files.deleteIfExists(socket());
    for (List<String> one : before()) {
      List<String> words = new ArrayList<>(within());
      words.addAll(one);
      // What is done already need not be done again.
      Command.Result _ = Command.run(PATIENCE, words);
    }
    List<String> words = new ArrayList<>(within());
    words.addAll(command());
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().putAll(environment());
    // conmon leaves a file where it was started.
    builder.directory(folder.toFile());
    builder.redirectErrorStream(true);
    builder.redirectInput(Path.of("/dev/null").toFile());
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("engine.log").toFile()));
    process = builder.start();
    awaitAnswer();
  }

  /** Plug-ins of networks note addresses in a folder of the machine's, and not all of them take the notes back. */
  private void keepNetworksApart() throws IOException, InterruptedException {
    Path notes = Path.of("/var/lib/cni");
    if (Files.isDirectory(notes)) {
      Command.Result _ = inside("mount", "-t", "tmpfs", "duende-lab", notes.toString());
    }
  }

  private void mountSmallDisk() throws Missing, IOException, InterruptedException {
    Path store = Files.createDirectories(store());
    Command.Result mounted =
        inside(
            "mount",
            "-t",
            "tmpfs",
            "-o",
            "size=48m,nr_inodes=" + SMALL_DISK_FILES,
            "duende-lab",
            store.toString());
    if (!mounted.ok()) {
      throw new Missing("no small disk can be had here: " + mounted.output().strip());
    }
  }

  private Command.Result inside(String... words) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(within());
    all.addAll(List.of(words));
    return Command.run(PATIENCE, all);
  }

  /** Leaves no space on the small disk, neither for bytes nor for files. */
  public void fillDisk() throws IOException, InterruptedException {
    if (!inside("mountpoint", "-q", store().toString()).ok()) {
      throw new IllegalStateException("not the disk of others");
    }
    Command.Result filled =
        inside("dd", "if=/dev/zero", "of=" + store().resolve("filler"), "bs=4k");
    if (!filled.output().contains("No space left")) {
      throw new IOException("the disk is not full: " + filled.output());
    }
    // A redirection that fails ends the shell.
    Command.Result _ =
        inside(
            "sh",
            "-c",
            "mkdir \"$0\"; i=0; while :; do : >\"$0/$i\"; i=$((i+1)); done",
            store().resolve("fillers").toString());
  }

  /** The space is there again. */
  public void freeDisk() throws IOException, InterruptedException {
    Command.Result _ =
        inside(
            "rm",
            "-rf",
            store().resolve("filler").toString(),
            store().resolve("fillers").toString());
  }

  /** Stops the engine where it is: it neither answers nor hangs up. */
  public void freeze() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** The engine goes on where it was. */
  public void thaw() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    Process p = process;
    if (p == null || !p.isAlive()) {
      throw new IllegalStateException(kind() + " does not run");
    }
    Command.Result sent =
        Command.run(PATIENCE, List.of("kill", "-" + name, Long.toString(p.pid())));
    if (!sent.ok()) {
      throw new IOException(sent.output());
    }
  }

  /** It has its own namespaces once it is no longer in ours. */
  private static void awaitNamespaces(long pid) throws IOException, InterruptedException {
    Path ours = Files.readSymbolicLink(Path.of("/proc/self/ns/net"));
    Path its = Path.of("/proc/" + pid + "/ns/net");
    Path tool = Path.of("/proc/" + pid + "/comm");
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (Files.readSymbolicLink(its).equals(ours)
        || !Files.readString(tool).strip().equals("sleep")) {
      if (System.nanoTime() - end > 0) {
        throw new IOException("no namespaces within " + PATIENCE);
      }
      Thread.sleep(5);
    }
  }

  private void awaitAnswer() throws IOException, InterruptedException, Missing {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!accepts() || !isReady()) {
      Process p = process;
      if (p == null || !p.isAlive()) {
        throw new Missing(kind() + " does not start here: " + lastWords());
      }
      if (System.nanoTime() - end > 0) {
        throw new IOException(kind() + " does not answer within " + PATIENCE + ": " + lastWords());
      }
      Thread.sleep(10);
    }
  }

  /** Whether it answers once it accepts connections. */
  boolean isReady() throws IOException, InterruptedException, Missing {
    return true;
  }

  private boolean accepts() {
    return accepts(socket());
  }

  /** Whether somebody listens there. */
  static boolean accepts(Path socket) {
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      return channel.connect(UnixDomainSocketAddress.of(socket));
    } catch (IOException e) {
      return false;
    }
  }

  /** The end of its log. */
  public String lastWords() throws IOException {
    Path log = folder.resolve("engine.log");
    if (!Files.exists(log)) {
      return "nothing said";
    }
    List<String> lines = Files.readAllLines(log);
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
  }

  /** Runs the engine's own command in the engine's namespaces. */
  public Command.Result run(String... arguments) throws Missing, IOException, InterruptedException {
    List<String> words = new ArrayList<>(within());
    words.addAll(client());
    words.addAll(List.of(arguments));
    return Command.run(PATIENCE, words);
  }

  /** Words that run what follows in the engine's namespaces. */
  public List<String> within() {
    Process held = holder;
    return held == null
        ? List.of()
        : List.of("nsenter", "-t", Long.toString(held.pid()), "-m", "-n", "--");
  }

  /** Words that run what follows where images are fetched. */
  List<String> fetching() {
    return within();
  }

  /** Kills the engine, and not its containers, as a crash would. */
  public void kill() throws InterruptedException {
    Process p = process;
    if (p != null) {
      Process _ = p.destroyForcibly();
      if (!p.waitFor(END.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IllegalStateException(kind() + " does not die");
      }
    }
  }

  @Override
  public void close() throws IOException, InterruptedException {
    try {
      Process p = process;
      if (p != null && p.isAlive()) {
        try {
          removeAll();
        } catch (IOException | Missing e) {
          // What is left is ended below.
        }
        p.destroy();
        if (!p.waitFor(END.toMillis(), TimeUnit.MILLISECONDS)) {
          Process _ = p.destroyForcibly();
        }
      }
    } finally {
      endLeftovers();
      Process beside = companion;
      if (beside != null) {
        Process _ = beside.destroyForcibly();
        boolean _ = beside.waitFor(END.toMillis(), TimeUnit.MILLISECONDS);
      }
      Process held = holder;
      if (held != null) {
        Process _ = held.destroyForcibly();
        boolean _ = held.waitFor(END.toMillis(), TimeUnit.MILLISECONDS);
      }
      delete(folder);
    }
  }

  /** Shims and monitors are nobody's children: they are known by our folder in their arguments or variables. */
  private void endLeftovers() throws IOException {
    for (ProcessHandle left : leftovers()) {
      left.descendants().forEach(ProcessHandle::destroyForcibly);
      boolean _ = left.destroyForcibly();
    }
  }

  private List<ProcessHandle> leftovers() throws IOException {
    List<ProcessHandle> found = new ArrayList<>();
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      for (Path one : all.filter(p -> p.getFileName().toString().matches("\\d+")).toList()) {
        try {
          String line = Files.readString(one.resolve("cmdline"));
          String variables = Files.readString(one.resolve("environ"), StandardCharsets.ISO_8859_1);
          if (line.contains(folder + "/") || variables.contains("=" + folder + "/")) {
            ProcessHandle.of(Long.parseLong(one.getFileName().toString())).ifPresent(found::add);
          }
        } catch (IOException gone) {
          // It ended while it was looked at.
        }
      }
    }
    return found;
  }

  private static void delete(Path folder) throws IOException {
    Optional<IOException> failure = Optional.empty();
    for (int round = 0; round < 50 && Files.exists(folder); round++) {
      try {
        unmountBelow(folder);
        deleteOnce(folder);
        failure = Optional.empty();
      } catch (IOException busy) {
        // A shim that was just killed holds a file for a moment.
        failure = Optional.of(busy);
        pause();
      }
    }
    if (failure.isPresent()) {
      throw failure.get();
    }
  }

  /** Podman mounts its own folder over itself, and does not take that back when it is killed. */
  private static void unmountBelow(Path folder) throws IOException {
    Path mounts = Path.of("/proc/self/mounts");
    if (!Files.isReadable(mounts)) {
      return;
    }
    List<String> points =
        Files.readAllLines(mounts).stream()
            .map(l -> l.split(" ")[1])
            .filter(p -> p.startsWith(folder + "/"))
            .toList();
    // What was mounted last may lie in what was mounted before.
    for (String point : points.reversed()) {
      try {
        Command.Result _ = Command.run(END, List.of("umount", "--lazy", point));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void deleteOnce(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) {
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e)
              throws IOException {
            Files.deleteIfExists(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
