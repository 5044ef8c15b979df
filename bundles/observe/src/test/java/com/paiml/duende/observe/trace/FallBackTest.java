package com.paiml.duende.observe.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.observe.Load;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.TraceTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Left to itself, a tracer without privileges takes the best way that is permitted, and says why not a better one. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class FallBackTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Path SETPRIV = Path.of("/usr/bin/setpriv");
  private static final List<String> NOBODY =
      List.of(
          SETPRIV.toString(),
          "--reuid=65534",
          "--regid=65534",
          "--clear-groups",
          "--bounding-set=-all",
          "--inh-caps=-all");

  @TempDir static Path folder;
  private static Path program;

  /**
   * Traces by whatever way is permitted, until it has seen a call, and says by which; the arguments are the program to start,
   * or the number of a process, and how many tracers there are to be: each while those before it trace.
   */
  public static final class Unprivileged {
    private Unprivileged() {}

    public static void main(String[] args) throws Exception {
      boolean running = args[0].matches("\\d+");
      try (Load load = running ? null : Load.start(Path.of(args[0]), "realistic", "100000000")) {
        TraceTarget target =
            load == null
                ? new TraceTarget("load", List.of(Long.parseLong(args[0])), "")
                : load.target();
        if (load != null) {
          load.go();
        }
        List<TraceSession> sessions = new ArrayList<>();
        try {
          for (int i = Integer.parseInt(args[1]); i > 0; i--) {
            sessions.add(trace(target));
          }
        } finally {
          for (TraceSession session : sessions) {
            session.close();
          }
        }
      }
    }

    private static TraceSession trace(TraceTarget target) throws Exception {
      TraceSession session;
      try {
        session =
            new SystemTracer("auto")
                .attach(
                    target,
                    new TraceOptions(Set.of(), TraceOptions.Detail.SUMS, 1),
                    Deadline.after(PATIENCE));
      } catch (DaemonException refused) {
        System.out.println("refused " + refused.code() + ": " + refused.getMessage());
        throw refused;
      }
      Deadline deadline = Deadline.after(PATIENCE);
      while (session.statistics().isEmpty() && !deadline.hasPassed()) {
        session.events(1, Deadline.after(Duration.ofMillis(10)));
      }
      System.out.println((session.statistics().isEmpty() ? "blind " : "sees ") + session.method());
      return session;
    }
  }

  @BeforeAll
  static void compile() throws Exception {
    assumeTrue(
        Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0),
        "not root: a user without privileges cannot be chosen");
    assumeTrue(Files.isExecutable(SETPRIV), "setpriv (util-linux) is not installed");
    program = Load.compile(folder);
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** What the tracer of the user nobody says, a line for each session. */
  private static List<String> said(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(NOBODY);
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx64m",
            "-cp",
            classPath(),
            Unprivileged.class.getName()));
    command.addAll(List.of(arguments));
    Path errors = folder.resolve("errors");
    Path output = folder.resolve("output");
    Process tracer =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(output.toFile())
            .redirectError(errors.toFile())
            .start();
    try {
      assertTrue(
          tracer.waitFor(3 * PATIENCE.toSeconds(), TimeUnit.SECONDS), () -> "no end: " + output);
      List<String> lines = Files.readAllLines(output);
      assertTrue(!lines.isEmpty(), () -> "it said nothing but " + text(errors));
      return lines;
    } finally {
      tracer.descendants().forEach(ProcessHandle::destroyForcibly);
      tracer.destroyForcibly();
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** A copy that the user nobody may read, wherever this is built. */
  private static String classPath() throws IOException {
    List<String> copies = new ArrayList<>();
    int number = 0;
    for (String entry : System.getProperty("java.class.path").split(":")) {
      Path from = Path.of(entry);
      Path to = folder.resolve("cp" + number++ + (Files.isDirectory(from) ? "" : ".jar"));
      copies.add(to.toString());
      if (!Files.exists(from) || Files.exists(to)) {
        continue;
      }
      try (var files = Files.walk(from)) {
        for (Path file : files.toList()) {
          Path copy = to.resolve(from.relativize(file).toString());
          if (Files.isDirectory(file)) {
            Files.createDirectories(copy);
          } else {
            Files.copy(file, file.equals(from) ? to : copy);
          }
        }
      }
    }
    return String.join(":", copies);
  }

  private static void assumePtrace(String said) {
    assumeTrue(
        said.contains("ptrace, because"),
        () -> "a user's own processes may not be traced here, by ptrace_scope or so: " + said);
  }

  @Test
  void without_privileges_it_is_ptrace_because_of_what_the_kernel_says_to_ebpf() throws Exception {
    String said = said(program.toString(), "1").getFirst();
    assumePtrace(said);
    assertTrue(
        said.matches("sees ptrace, because eBPF is not to be had \\(.+: (EPERM|EACCES|ENOSYS).*"),
        said);
  }

  @Test
  void a_daemon_that_another_tracer_holds_is_sampled_because_ptrace_is_refused_too()
      throws Exception {
    List<String> said = said(program.toString(), "2");
    assumePtrace(said.getFirst());
    assertEquals(2, said.size(), said.toString());
    assertTrue(
        said.getLast()
            .matches(
                "sees samples of /proc, 100 a second, because eBPF is not to be had \\(.+\\) and"
                    + " ptrace is refused \\(EPERM.*\\); counts are of samples.*"),
        said.toString());
  }

  @Test
  void a_daemon_of_another_user_is_refused_in_one_sentence() throws Exception {
    try (Load load = Load.start(program, "realistic", "100000000")) {
      load.go();
      List<String> said = said(Long.toString(load.pid()), "1");
      assertEquals(1, said.size(), said.toString());
      assertTrue(
          said.getFirst()
              .matches("refused " + ErrorCode.PERMISSION_DENIED + ": load: cannot be traced: .*"),
          said.toString());
    }
  }
}
