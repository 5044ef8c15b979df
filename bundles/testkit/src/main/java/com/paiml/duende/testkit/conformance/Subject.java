package com.paiml.duende.testkit.conformance;

import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The adapter under test, and how its platform does what the kit needs. One for each kind of payload that it takes. */
public interface Subject {
  /** The platform's name. */
  String platform();

  /** The kind of payload that is tested. */
  Payload.Kind kind();

  /**
   * A new adapter object, activated as a container would, of that instance. Several may be open at once for different
   * instances, never for the same.
   */
  PlatformAdapter open(Instance instance) throws Exception;

  /** Deactivates an adapter, as when its bundle is stopped. */
  void close(PlatformAdapter adapter) throws Exception;

  /** How this platform does that; empty when it cannot be done there. */
  Optional<Job> job(Behaviour behaviour) throws Exception;

  /** Counts what runs without asking the adapter. */
  default Census census() {
    return new ProcCensus();
  }

  /** How long the kit waits before it gives something up. Longer for machines in machines. */
  default Duration patience() {
    return Duration.ofSeconds(60);
  }

  /** A new folder for a test: its daemons' state, sockets and logs. Where they run in a place of their own, one both see. */
  default Path folder() throws IOException {
    return Files.createTempDirectory("duende-tck-");
  }

  /** The platform's own table of the daemon file. */
  default Map<String, Object> table() {
    return Map.of();
  }

  /** Variables that the platform itself adds to the environment, beyond those of readiness and watchdog. */
  default Set<String> platformVariables() {
    return Set.of();
  }

  /** Variables that every daemon of the kit is given, such as a PATH. */
  default List<String> environment() {
    return List.of("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  }

  /** A directory that is there where the daemon runs, to be its working directory. */
  default String workingDirectory(Path scratch) throws IOException {
    return Files.createDirectories(scratch.resolve("a working directory")).toRealPath().toString();
  }

  /**
   * What is left of an ended and destroyed run, without asking the adapter: files, units, containers, cgroups, in words.
   */
  default List<String> leftovers(LaunchSpec spec) throws Exception {
    try (Stream<Path> files = Files.list(spec.runDirectory())) {
      return files.map(Path::toString).toList();
    }
  }

  /** Makes something that has the name of this run's but is not ours; empty where names do not matter. */
  default Optional<Foreign> foreign(LaunchSpec spec) throws Exception {
    return Optional.empty();
  }

  /** Somebody else's thing. Closing it removes it. */
  interface Foreign extends AutoCloseable {
    boolean isUntouched() throws Exception;
  }
}
