package com.paiml.duende.host;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.HostRuntime;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import java.io.File;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/** Gives daemon classes JVMs of their own. */
@Component(service = HostRuntime.class, immediate = true)
public final class HostRuntimeService implements HostRuntime {
  /** In a platform's table: flags that replace {@link #FLAGS}. */
  static final String FLAGS_KEY = "jvm_flags";

  /** A small JVM: one that starts quickly and keeps little. */
  static final List<String> FLAGS =
      List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData");

  private static final List<String> ALWAYS =
      List.of(
          "-XX:+ExitOnOutOfMemoryError",
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow");

  private final ClassPath own;
  private final Path java;
  private final Set<HostSession> sessions = ConcurrentHashMap.newKeySet();

  @Activate
  public HostRuntimeService(BundleContext context) {
    this(
        new BundleJars(
            context, List.of(context.getBundle(), FrameworkUtil.getBundle(Daemon.class))),
        Path.of(System.getProperty("java.home"), "bin", "java"));
  }

  HostRuntimeService(ClassPath own, Path java) {
    this.own = own;
    this.java = java;
  }

  /** The JVMs go on; they are connected to again. */
  @Deactivate
  public void deactivate() {
    sessions.forEach(HostSession::close);
  }

  @Override
  public LaunchSpec toProgram(LaunchSpec spec) throws DaemonException {
    if (!(spec.payload() instanceof Payload.JavaClass payload)) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          spec.name(),
          "a JVM of its own is for a daemon class, not for " + spec.payload().kind(),
          "write class = \"…\"");
    }
    if (!Files.isExecutable(java)) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          spec.name(),
          "there is no JVM at " + java,
          "start Duende with a JDK or JRE that has bin/java");
    }
    try {
      List<Path> classPath = new ArrayList<>(own.entries());
      classPath.addAll(payload.classPath());
      List<String> args = new ArrayList<>(flags(spec));
      args.addAll(ALWAYS);
      args.add("-cp");
      args.add(
          classPath.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator)));
      args.add(HostMain.class.getName());
      args.addAll(spec.args());
      List<String> env = new ArrayList<>(spec.env());
      // HotSpot suspends threads by USR2, which is a daemon's to use: any real-time signal does as
      // well.
      env.add("_JAVA_SR_SIGNUM=50");
      env.addAll(HostSettings.of(spec, payload).toEnvironment());
      return spec.with(new Payload.Program(java.toString()), args, env);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.SPAWN,
          spec.name(),
          "its JVM cannot be prepared: " + e.getMessage(),
          "see the space left in the data directory",
          e);
    }
  }

  private static List<String> flags(LaunchSpec spec) throws DaemonException {
    Object written = spec.table().get(FLAGS_KEY);
    if (written == null) {
      return FLAGS;
    }
    if (written instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
      return list.stream().map(String.class::cast).toList();
    }
    throw new DaemonException(
        ErrorCode.CONFIGURATION,
        spec.name(),
        FLAGS_KEY + " is no list of texts",
        "write " + FLAGS_KEY + " = [\"-Xmx64m\"]");
  }

  @Override
  public Session connect(ByteChannel stream, SessionEvents events, Deadline deadline)
      throws DaemonException {
    HostSession session = HostSession.begin(stream, events, sessions::remove, deadline);
    sessions.add(session);
    return session;
  }
}
