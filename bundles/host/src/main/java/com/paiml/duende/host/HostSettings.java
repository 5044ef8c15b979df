package com.paiml.duende.host;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * What the JVM of a daemon is told when it starts, as environment variables: they reach it on every platform that starts
 * programs, without a file that would have to be carried there.
 *
 * @param className the daemon
 * @param name its name, with its instance
 * @param id its id
 * @param config its configuration
 * @param listen where it listens: {@code unix:PATH}
 * @param stateDirectory its own directory
 * @param trace the trace that it belongs to
 */
record HostSettings(
    String className,
    String name,
    DaemonId id,
    DaemonConfig config,
    String listen,
    Path stateDirectory,
    TraceContext trace) {
  private static final String PREFIX = "DUENDE_HOST_";
  private static final String UNIX = "unix:";

  static HostSettings of(LaunchSpec spec, Payload.JavaClass payload) {
    return new HostSettings(
        payload.className(),
        spec.name(),
        spec.id(),
        spec.config(),
        UNIX + spec.hostSocket(),
        spec.stateDirectory(),
        spec.trace());
  }

  List<String> toEnvironment() throws IOException {
    List<String> all = new ArrayList<>();
    all.add(PREFIX + "CLASS=" + className);
    all.add(PREFIX + "NAME=" + name);
    all.add(PREFIX + "ID=" + id);
    all.add(PREFIX + "CONFIG=" + Base64.getEncoder().encodeToString(RecordCodec.encode(config)));
    all.add(PREFIX + "LISTEN=" + listen);
    all.add(PREFIX + "STATE=" + stateDirectory);
    all.add(PREFIX + "TRACEPARENT=" + trace.toTraceparent());
    all.add(PREFIX + "TRACESTATE=" + trace.state());
    return all;
  }

  static HostSettings fromEnvironment(Map<String, String> environment) throws IOException {
    try {
      return new HostSettings(
          need(environment, "CLASS"),
          need(environment, "NAME"),
          new DaemonId(UUID.fromString(need(environment, "ID"))),
          RecordCodec.decode(
              Base64.getDecoder().decode(need(environment, "CONFIG")), DaemonConfig.class),
          need(environment, "LISTEN"),
          Path.of(need(environment, "STATE")),
          TraceContext.parse(
                  need(environment, "TRACEPARENT"),
                  environment.getOrDefault(PREFIX + "TRACESTATE", ""))
              .orElseGet(TraceContext::newRoot));
    } catch (IllegalArgumentException e) {
      throw new IOException("the environment is damaged: " + e.getMessage(), e);
    }
  }

  private static String need(Map<String, String> environment, String key) throws IOException {
    String value = environment.get(PREFIX + key);
    if (value == null) {
      throw new IOException(
          PREFIX + key + " is not set: this program is started by Duende, for a daemon class");
    }
    return value;
  }

  /** The socket's path; empty when it does not listen on a unix socket. */
  Optional<Path> unixSocket() {
    return listen.startsWith(UNIX)
        ? Optional.of(Path.of(listen.substring(UNIX.length())))
        : Optional.empty();
  }
}
