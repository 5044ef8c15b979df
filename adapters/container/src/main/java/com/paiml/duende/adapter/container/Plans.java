package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.ContainerPlan;
import com.paiml.duende.adapter.container.engine.Labels;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.HealthCheck;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.spi.HostRuntime;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Turns what a daemon file says into a plan of a container. */
final class Plans {
  /** Where the image of {@code duende image build} has its JVM. */
  static final String JAVA = "/opt/java/bin/java";

  private static final String IPC_LOCK = "CAP_IPC_LOCK";

  /** linux/binfmts.h, with the zero byte at the end. */
  private static final int MAX_ARG_STRLEN = 131_072;

  private Plans() {}

  /** What is run: which image, with which command, and what that needs. */
  private record Content(
      String image,
      List<String> entrypoint,
      List<String> command,
      List<String> env,
      List<ContainerPlan.Mount> mounts) {}

  /**
   * @param lockMemory whether locked memory is asked of the engine
   * @param host for daemon classes; null where there is none
   */
  static ContainerPlan of(
      LaunchSpec spec,
      ContainerTable table,
      String attempt,
      boolean lockMemory,
      @Nullable HostRuntime host)
      throws DaemonException {
    DaemonConfig config = spec.config();
    Sandbox sandbox = config.sandbox();
    Content content = content(spec, table, host);
    checkLengths(spec.name(), content.command());
    checkLengths(spec.name(), content.env());
    List<ContainerPlan.Mount> mounts = new ArrayList<>(content.mounts());
    mounts.addAll(table.mounts());
    return new ContainerPlan(
        spec.instance().qualify(spec.name()),
        content.image(),
        labels(spec, attempt),
        content.entrypoint(),
        content.command(),
        content.env(),
        config.workingDir(),
        config.group().isEmpty() ? config.user() : user(config) + ":" + config.group(),
        mounts,
        sandbox.network() ? network(table) : "none",
        table.ports(),
        limits(config, lockMemory),
        sandbox.capabilities().map(only -> capabilities(only, lockMemory)),
        added(table, lockMemory),
        sandbox.noNewPrivs(),
        seccomp(spec.name(), sandbox, table),
        table.readOnly(),
        table.init(),
        config.stopSignal().number(),
        config.shutdownTimeout(),
        restart(config),
        health(config.healthCheck()),
        new ContainerPlan.Log(config.log().maxSize(), config.log().keep()),
        spec.logFile().toString());
  }

  /** Engines say that they have started what the kernel then refuses to execute. */
  private static void checkLengths(String daemon, List<String> texts) throws DaemonException {
    for (String text : texts) {
      if (text.getBytes(StandardCharsets.UTF_8).length >= MAX_ARG_STRLEN) {
        throw new DaemonException(
            ErrorCode.CONFIGURATION,
            daemon,
            "an argument or variable of "
                + text.length()
                + " characters is longer than the kernel takes ("
                + MAX_ARG_STRLEN
                + " bytes): "
                + text.substring(0, 20)
                + "…",
            "put it into a file",
            null);
      }
    }
  }

  private static String user(DaemonConfig config) {
    return config.user().isEmpty() ? "0" : config.user();
  }

  private static String network(ContainerTable table) {
    return table.network().isEmpty() ? "default" : table.network();
  }

  private static Content content(LaunchSpec spec, ContainerTable table, @Nullable HostRuntime host)
      throws DaemonException {
    return switch (spec.payload()) {
      case Payload.Image image ->
          new Content(
              image.reference(),
              image.command().isEmpty() ? List.of() : List.of(image.command()),
              spec.args(),
              spec.env(),
              List.of());
      case Payload.JavaClass _ -> javaClass(spec, table, host);
      default ->
          throw new DaemonException(
              ErrorCode.NOT_SUPPORTED,
              spec.name(),
              "platform \"container\" runs images and daemon classes only",
              "write image = \"…\"");
    };
  }

  /** The classes are mounted, so that an update of Duende or of the daemon's bundle needs no new image. */
  private static Content javaClass(
      LaunchSpec spec, ContainerTable table, @Nullable HostRuntime host) throws DaemonException {
    if (host == null) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          spec.name(),
          "daemon classes need the bundle com.paiml.duende.host",
          "install and start it");
    }
    LaunchSpec program = host.toProgram(spec);
    int at = program.args().indexOf("-cp");
    List<ContainerPlan.Mount> mounts = new ArrayList<>();
    if (at >= 0 && at + 1 < program.args().size()) {
      for (String jar : program.args().get(at + 1).split(java.io.File.pathSeparator, -1)) {
        mounts.add(bind(jar, true));
      }
    }
    mounts.add(bind(spec.stateDirectory().toString(), false));
    mounts.add(bind(spec.runDirectory().toString(), false));
    return new Content(
        table.classImage(), List.of(JAVA), program.args(), program.env(), List.copyOf(mounts));
  }

  private static ContainerPlan.Mount bind(String path, boolean readOnly) {
    return new ContainerPlan.Mount(ContainerPlan.MountType.BIND, path, path, readOnly, 0);
  }

  private static Map<String, String> labels(LaunchSpec spec, String attempt) {
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put(Labels.INSTANCE, spec.instance().id());
    labels.put(Labels.DAEMON_ID, spec.id().toString());
    labels.put(Labels.DAEMON_NAME, spec.name());
    labels.put(Labels.DAEMON_VERSION, spec.config().version());
    labels.put(Labels.GENERATION, Long.toString(spec.generation()));
    labels.put(Labels.ATTEMPT, attempt);
    return labels;
  }

  static ContainerPlan.Limits limits(DaemonConfig config, boolean lockMemory) {
    Resources r = config.resources();
    boolean noSwap = r.lockMemory() && !config.isWritten("resources.memory_swap");
    return new ContainerPlan.Limits(
        r.memory(),
        noSwap ? r.memory() : Math.max(r.memory(), r.memorySwap()),
        r.cpuQuota(),
        r.cpuShares(),
        r.pids(),
        r.openFiles(),
        lockMemory);
  }

  private static List<String> capabilities(List<String> only, boolean lockMemory) {
    List<String> all = new ArrayList<>();
    only.forEach(c -> all.add(ContainerTable.capability(c)));
    if (lockMemory && !all.contains(IPC_LOCK)) {
      all.add(IPC_LOCK);
    }
    return all;
  }

  private static List<String> added(ContainerTable table, boolean lockMemory) {
    return capabilities(table.addedCapabilities(), lockMemory);
  }

  private static String seccomp(String daemon, Sandbox sandbox, ContainerTable table)
      throws DaemonException {
    if (sandbox.syscalls().isPresent()) {
      return SeccompProfile.of(sandbox.syscalls().get());
    }
    if (table.seccomp().isEmpty() || table.seccomp().equals(ContainerTable.UNCONFINED)) {
      return table.seccomp();
    }
    try {
      return Files.readString(Path.of(table.seccomp()));
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          daemon,
          "the profile " + table.seccomp() + " of [container] seccomp cannot be read: " + e,
          "name a file with a profile",
          e);
    }
  }

  static ContainerPlan.Restart restart(DaemonConfig config) {
    if (config.restartBy() != DaemonConfig.RestartBy.PLATFORM) {
      return ContainerPlan.Restart.NO;
    }
    return switch (config.restart()) {
      case NEVER -> ContainerPlan.Restart.NO;
      case ALWAYS -> new ContainerPlan.Restart("always", 0);
      case UNLESS_STOPPED, WITH_BACKOFF -> new ContainerPlan.Restart("unless-stopped", 0);
      case ON_FAILURE ->
          new ContainerPlan.Restart(
              "on-failure", config.isWritten("max_retries") ? config.maxRetries() : 0);
      case MAX_RETRIES -> new ContainerPlan.Restart("on-failure", config.maxRetries());
    };
  }

  /** {@code type = "daemon"} with a command: the engine asks, as the image's own check would be. */
  static Optional<ContainerPlan.Health> health(HealthCheck check) {
    if (!check.enabled() || check.type() != HealthCheck.Type.DAEMON || check.command().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        new ContainerPlan.Health(
            check.command(),
            check.interval(),
            check.timeout(),
            check.retries(),
            check.startPeriod()));
  }
}
