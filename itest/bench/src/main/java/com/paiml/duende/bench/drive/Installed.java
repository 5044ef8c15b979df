package com.paiml.duende.bench.drive;

import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.Census;
import com.paiml.duende.testkit.conformance.ProcCensus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * A container of the distribution with folders of its own, driven by {@code bin/duende} as people do. Closing it ends the
 * container, its machines, and every program that a daemon file with {@link #mark()} in its environment has started.
 */
public final class Installed implements AutoCloseable {
  public static final Duration PATIENCE = Duration.ofMinutes(2);

  private static final String CACHES = "DUENDE_AOT";

  /**
   * What a command said.
   *
   * @param status exit status
   * @param out standard output
   * @param err standard error
   */
  public record Answer(int status, String out, String err) {
    /** Standard output of a command that is expected to succeed. */
    public String ok() {
      if (status != 0) {
        throw new IllegalStateException("exit status " + status + ": " + out + err);
      }
      return out;
    }
  }

  private final Path home;
  private final Path folder;
  private final String marker = UUID.randomUUID().toString();
  private final Map<String, String> environment = new TreeMap<>();
  private final List<Process> started = new ArrayList<>();

  /**
   * @param home the distribution
   * @param folder where it keeps everything
   */
  public Installed(Path home, Path folder) throws IOException {
    this.home = home;
    this.folder = folder;
    Files.createDirectories(etc().resolve("daemons"));
    environment.put("DUENDE_DATA", data().toString());
    environment.put("DUENDE_ETC", etc().toString());
    environment.put(CACHES, "off");
  }

  public Path data() {
    return folder.resolve("data");
  }

  public Path etc() {
    return folder.resolve("etc");
  }

  /** {@code NAME=VALUE} for the env of each daemon file that is deployed here. */
  public String mark() {
    return Census.VARIABLE + "=" + marker;
  }

  /** Sets a variable for {@code bin/duende}. */
  public void set(String name, String value) {
    environment.put(name, value);
  }

  /** A framework property of the container. */
  public void property(String name, String value) throws IOException {
    Path file = etc().resolve("container.properties");
    String before = Files.exists(file) ? Files.readString(file) : "";
    Files.writeString(file, before + name + " = " + value + "\n");
  }

  /** Adds a bundle. */
  public void bundle(Path jar) throws IOException {
    Path bundles = Files.createDirectories(data().resolve("bundles"));
    Files.copy(jar, bundles.resolve(jar.getFileName()));
  }

  /** The distribution that it runs. */
  public Path home() {
    return home;
  }

  /** Writes {@code etc/daemons/NAME.toml}. */
  public Path daemonFile(String name, String text) throws IOException {
    Path file = etc().resolve("daemons").resolve(name + ".toml");
    Path next = file.resolveSibling(name + ".toml.next");
    Files.writeString(next, text);
    Files.move(next, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    return file;
  }

  /** Starts the container and returns when it is ready. */
  public void up() throws Exception {
    String _ = call("up").ok();
  }

  /**
   * Has the class caches made, and used once they are there, as everybody's distribution does. To be called before it starts;
   * unless it is, there are none: they are made beside what is measured.
   */
  public void useCaches() {
    set(CACHES, "on");
  }

  public boolean usesCaches() {
    return "on".equals(environment.get(CACHES));
  }

  /**
   * Waits for a cache; first comes the container's, then the client's.
   *
   * @param whose {@code container} or {@code client}
   * @return false when none was made within {@link #PATIENCE}
   */
  public boolean awaitCache(String whose) throws Exception {
    Path cache = data().resolve("aot").resolve(whose + ".build");
    return Await.value(PATIENCE, () -> Optional.of(cache).filter(Files::exists)).isPresent();
  }

  /** Waits until the container has noted that its cache of bundles is whole, which one does that lives for more than a moment. */
  public void awaitSettled() throws Exception {
    Path whole = data().resolve("cache").resolve("whole");
    Await.until("the container has settled", PATIENCE, () -> Files.exists(whole));
  }

  public Process start(Path out, Path err, String... words) throws IOException {
    return start("duende", out, err, words);
  }

  private Process start(String program, Path out, Path err, String... words) throws IOException {
    List<String> line = new ArrayList<>(List.of(home.resolve("bin").resolve(program).toString()));
    line.addAll(Arrays.asList(words));
    ProcessBuilder builder = new ProcessBuilder(line);
    builder.environment().keySet().removeIf(n -> n.startsWith("DUENDE_") || n.startsWith("XDG_"));
    builder.environment().remove("JAVA_HOME");
    builder.environment().putAll(environment);
    builder
        .redirectOutput(out.toFile())
        .redirectError(err.toFile())
        .redirectInput(Path.of("/dev/null").toFile());
    Process process = builder.start();
    started.add(process);
    return process;
  }

  /** Runs a command and waits for its end. */
  public Answer call(String... words) throws Exception {
    return call("duende", PATIENCE, words);
  }

  /**
   * As {@link #call(String...)}, for another command of the distribution, or one that takes long.
   *
   * @param program {@code duende}, {@code pepita} or {@code wos-ctl}
   * @param patience how long it is given
   */
  public Answer call(String program, Duration patience, String... words) throws Exception {
    Path out = Files.createTempFile(folder, "call", ".out");
    Path err = Files.createTempFile(folder, "call", ".err");
    Process process = start(program, out, err, words);
    if (!process.waitFor(patience.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IllegalStateException("no answer to " + Arrays.toString(words));
    }
    started.remove(process);
    Answer answer = new Answer(process.exitValue(), Files.readString(out), Files.readString(err));
    Files.delete(out);
    Files.delete(err);
    return answer;
  }

  /**
   * Says a command over the control socket, without a process of its own. Any thread; many at once.
   *
   * @throws IOException when nobody listens, or the container goes before it has answered
   */
  public Answer say(String... words) throws IOException {
    return sayTo("duende", words);
  }

  /** As {@link #say}, to a scope of commands: duende, wos, pepita. */
  public Answer sayTo(String scope, String... words) throws IOException {
    return ControlLine.say(data().toAbsolutePath(), scope, List.of(words), PATIENCE);
  }

  /** All daemons, those at rest too. */
  public List<Listed> list() throws IOException {
    return Listed.parse(say("ps", "-a", "--json").ok());
  }

  /** The container's process. */
  public Optional<ProcessHandle> container() throws IOException {
    Path lock = data().resolve("container.lock");
    if (!Files.exists(lock)) {
      return Optional.empty();
    }
    String pid = Files.readString(lock).strip().replaceAll("\\D.*", "");
    return pid.isEmpty() ? Optional.empty() : ProcessHandle.of(Long.parseLong(pid));
  }

  /** Kills the container with SIGKILL. */
  public void killContainer() throws Exception {
    ProcessHandle process = container().orElseThrow();
    process.destroyForcibly();
    Await.until("the container is gone", PATIENCE, () -> !process.isAlive());
  }

  /** Stops the container in order, as SIGTERM does. */
  public void stopContainer() throws Exception {
    ProcessHandle process = container().orElseThrow();
    process.destroy();
    Await.until("the container has stopped", PATIENCE, () -> !process.isAlive());
  }

  public String log() throws IOException {
    Path log = data().resolve("log/duende.log");
    return Files.exists(log) ? Files.readString(log) : "";
  }

  @Override
  public void close() throws Exception {
    Optional<ProcessHandle> container = container();
    if (container.isPresent() && container.get().isAlive()) {
      ProcessHandle process = container.get();
      process.destroy();
      Optional<Boolean> gone =
          Await.value(PATIENCE, () -> process.isAlive() ? Optional.empty() : Optional.of(true));
      if (gone.isEmpty()) {
        process.destroyForcibly();
      }
    }
    for (Process process : started) {
      process.destroyForcibly();
    }
    new ProcCensus().end(marker);
    // Of machines: their monitors have no mark.
    for (List<Long> pids : new Witness(this).mains().values()) {
      pids.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    }
    removeGroups();
  }

  private void removeGroups() throws Exception {
    Path instance = data().resolve("instance");
    if (Files.exists(instance)) {
      ControlGroups.remove(Files.readString(instance).strip());
    }
  }
}
