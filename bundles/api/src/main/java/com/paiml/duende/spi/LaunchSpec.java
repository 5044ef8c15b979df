package com.paiml.duende.spi;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.TraceContext;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * One run of a daemon, ready to be started: everything resolved, nothing left to look up.
 *
 * @param instance the container's identity
 * @param id the daemon's id
 * @param name the daemon's name, with {@code .N} for one instance of several
 * @param generation number of this run, from 1
 * @param payload what is run
 * @param args arguments
 * @param env the whole environment of a program, {@code NAME=VALUE}: nothing is inherited from the container
 * @param config the configuration it was made from: limits, sandbox, readiness, restart, user…
 * @param table the platform's own table
 * @param stateDirectory the daemon's own directory; exists
 * @param runDirectory sockets and pid file of this daemon; exists, short enough for a socket address (sun_path, unix(7))
 * @param logFile where standard output and error go, for adapters that write files
 * @param trace the trace that this run belongs to
 */
public record LaunchSpec(
    Instance instance,
    DaemonId id,
    String name,
    long generation,
    Payload payload,
    List<String> args,
    List<String> env,
    DaemonConfig config,
    Map<String, Object> table,
    Path stateDirectory,
    Path runDirectory,
    Path logFile,
    TraceContext trace) {
  public LaunchSpec {
    args = List.copyOf(args);
    env = List.copyOf(env);
    table = Map.copyOf(table);
  }

  /** The same run with another payload, arguments and environment. */
  public LaunchSpec with(Payload other, List<String> otherArgs, List<String> otherEnv) {
    return new LaunchSpec(
        instance,
        id,
        name,
        generation,
        other,
        otherArgs,
        otherEnv,
        config,
        table,
        stateDirectory,
        runDirectory,
        logFile,
        trace);
  }

  /** The socket on which a JVM of {@link HostRuntime} listens. */
  public Path hostSocket() {
    return runDirectory.resolve("host.sock");
  }

  /** The pid file, {@code NAME.pid}. */
  public Path pidFile() {
    return runDirectory.resolve(name + ".pid");
  }
}
