package com.paiml.duende.manager.engine;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.api.What;
import com.paiml.duende.manager.PayloadResolver;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes a run of a configuration: folders, environment, payload. */
final class Launcher {
  private final Folders folders;
  private final PayloadResolver payloads;
  private final Users users = new Users();

  Launcher(Folders folders, PayloadResolver payloads) {
    this.folders = folders;
    this.payloads = payloads;
  }

  /** Everything resolved, ready to be started. */
  LaunchSpec assemble(DaemonConfig config, String name, DaemonId id, long generation)
      throws DaemonException {
    Payload payload = payloads.resolve(config);
    Environment.checkArguments(config);
    prepare(config, name);
    return spec(config, name, id, generation, payload);
  }

  /** What was assembled before is about to be started. */
  LaunchSpec again(LaunchSpec before) throws DaemonException {
    prepare(before.config(), before.name());
    return before;
  }

  /** For a run that goes on: what cannot be resolved now is not needed. */
  LaunchSpec describe(DaemonConfig config, String name, DaemonId id, long generation)
      throws DaemonException {
    prepare(config, name);
    return spec(config, name, id, generation, payload(config));
  }

  private void prepare(DaemonConfig config, String name) throws DaemonException {
    folders.prepare(name, owner(config), payloads.kindOf(config) != Payload.Kind.IN_PROCESS);
  }

  private Payload payload(DaemonConfig config) {
    return switch (payloads.kindOf(config)) {
      case IN_PROCESS -> new Payload.InProcess(() -> inProcess(config).source().create());
      case JAVA_CLASS ->
          new Payload.JavaClass(
              config.what() instanceof What.JavaClass c ? c.className() : "", List.of());
      default ->
          switch (config.what()) {
            case What.Image i -> new Payload.Image(i.reference(), i.command());
            case What.Module m -> new Payload.Module(Path.of(m.path()));
            case What.Vm v -> new Payload.Vm(v.rootfs(), v.program());
            case What.Program p -> new Payload.Program(p.path());
            case What.JavaClass c -> new Payload.JavaClass(c.className(), List.of());
            case What.Service s -> new Payload.Program("");
          };
    };
  }

  private Payload.InProcess inProcess(DaemonConfig config) throws DaemonException {
    if (payloads.resolve(config) instanceof Payload.InProcess p) {
      return p;
    }
    throw new DaemonException(
        ErrorCode.INTERNAL, config.name(), "is not an object of this container", "");
  }

  private LaunchSpec spec(
      DaemonConfig config, String name, DaemonId id, long generation, Payload payload)
      throws DaemonException {
    TraceContext trace = trace(config);
    Map<String, Object> table = config.table(config.platform());
    return new LaunchSpec(
        folders.instance(),
        id,
        name,
        generation,
        payload,
        config.args(),
        Environment.of(config, trace, users),
        config,
        table,
        folders.state(name),
        folders.run(name),
        folders.log(name),
        trace);
  }

  /** The trace that the daemon file puts the daemon into, or a new one. */
  private static TraceContext trace(DaemonConfig config) {
    return config
        .env("TRACEPARENT")
        .flatMap(t -> TraceContext.parse(t, config.env("TRACESTATE").orElse("")))
        .orElseGet(TraceContext::newRoot);
  }

  private @Nullable UserPrincipal owner(DaemonConfig config) {
    if (config.user().isEmpty()) {
      return null;
    }
    try {
      Path data = folders.state(config.name());
      String name = users.find(config.user()).map(Users.User::name).orElse(config.user());
      return data.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(name);
    } catch (IOException | UnsupportedOperationException e) {
      // The adapter names a user that is not there; it knows other sources of users as well.
      return null;
    }
  }

  /** How long a start may take. */
  static Duration patience(DaemonConfig config, Payload.Kind kind) {
    Duration ready = config.readiness().timeout();
    Duration least =
        switch (kind) {
          // init belongs to the start of a daemon object, and has as long as readiness has.
          case IN_PROCESS -> ready;
          // An image may have to be fetched.
          case IMAGE -> Duration.ofMinutes(10);
          case VM -> Duration.ofMinutes(2);
          default -> Duration.ofMinutes(1);
        };
    return least.compareTo(ready) > 0 ? least : ready;
  }

  /** Whether the program of a configuration is a file of this machine. */
  static boolean runsHere(DaemonConfig config) {
    return config.what() instanceof What.Program
        && List.of("native", "systemd", "launchd").contains(config.platform());
  }

  void remove(String name) throws DaemonException {
    try {
      folders.remove(name);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          name,
          "its files cannot be removed: " + e,
          "remove " + folders.state(name) + " yourself",
          e);
    }
  }

  Path stateOf(String name) {
    return folders.state(name);
  }

  Path logOf(String name) {
    return folders.log(name);
  }

  long logSize(String name) {
    // Says 0 of a file that is not there, and throws nothing: with most starts it is not.
    return folders.log(name).toFile().length();
  }
}
