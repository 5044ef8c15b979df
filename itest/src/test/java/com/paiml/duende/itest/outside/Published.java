package com.paiml.duende.itest.outside;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.opentest4j.TestAbortedException;

/**
 * A local Maven repository as somebody else's machine has it after our artifacts were published: ours, and nothing of this
 * checkout. What else is needed comes from this machine's repository, and from Maven's central one where it is missing there.
 */
final class Published {
  private static final Path TOP = Path.of("..").toAbsolutePath().normalize();
  private static final String VERSION = "0.1.0-SNAPSHOT";
  private static final Duration DEADLINE = Duration.ofMinutes(15);

  /** Artifact to the folder of its module. Those without a jar are POMs. */
  private static final Map<String, String> OURS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("duende", "."),
              Map.entry("cnf", "cnf"),
              Map.entry("bom", "distro/bom"),
              Map.entry("api", "bundles/api"),
              Map.entry("linux", "bundles/linux"),
              Map.entry("manager", "bundles/manager"),
              Map.entry("native", "adapters/native"),
              Map.entry("platform", "bundles/platform"),
              Map.entry("policy", "bundles/policy"),
              Map.entry("testkit", "bundles/testkit"),
              Map.entry("harness", "distro/harness"),
              Map.entry("daemon-archetype", "distro/archetypes/daemon"),
              Map.entry("adapter-archetype", "distro/archetypes/adapter")));

  private final Path folder;
  private final Path settings;

  Published(Path folder) throws IOException {
    this.folder = folder;
    for (Map.Entry<String, String> module : OURS.entrySet()) {
      String artifact = module.getKey();
      Path source = TOP.resolve(module.getValue()).normalize();
      Path to =
          Files.createDirectories(
              folder.resolve("repository/com/paiml/duende").resolve(artifact).resolve(VERSION));
      String name = artifact + "-" + VERSION;
      copy(source.resolve("pom.xml"), to.resolve(name + ".pom"));
      if (!Files.readString(source.resolve("pom.xml")).contains("<packaging>pom</packaging>")) {
        copy(source.resolve("target/" + name + ".jar"), to.resolve(name + ".jar"));
      }
    }
    settings =
        Files.writeString(
            folder.resolve("settings.xml"),
            """
            <settings>
              <profiles><profile><id>machine</id>
                <repositories><repository><id>machine</id><url>%1$s</url><releases><checksumPolicy>ignore</checksumPolicy></releases></repository></repositories>
                <pluginRepositories><pluginRepository><id>machine</id><url>%1$s</url><releases><checksumPolicy>ignore</checksumPolicy></releases></pluginRepository></pluginRepositories>
              </profile></profiles>
              <activeProfiles><activeProfile>machine</activeProfile></activeProfiles>
            </settings>
            """
                .formatted(Path.of(System.getProperty("user.home"), ".m2/repository").toUri()));
  }

  private static void copy(Path from, Path to) throws IOException {
    if (!Files.exists(from)) {
      throw new IOException(from + " is not built: run this test with ./duende test");
    }
    Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Runs Maven in a folder; it must succeed. */
  String maven(Path where, String... words) throws Exception {
    List<String> line = new ArrayList<>(List.of("mvn", "-B", "-ntp"));
    line.addAll(List.of("-gs", settings.toString()));
    line.add("-Dmaven.repo.local=" + folder.resolve("repository"));
    line.addAll(List.of(words));
    Path output = Files.createTempFile(folder, "maven", ".log");
    Process process;
    try {
      process =
          new ProcessBuilder(line)
              .directory(where.toFile())
              .redirectErrorStream(true)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(output.toFile())
              .start();
    } catch (IOException e) {
      throw new TestAbortedException("no Maven on the path: " + e.getMessage());
    }
    try {
      if (!process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
        throw new AssertionError("Maven did not end: " + Files.readString(output));
      }
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    String said = Files.readString(output);
    if (process.exitValue() != 0) {
      if (said.contains("Unknown host")
          || said.contains("Connection refused")
          || said.contains("Could not transfer artifact")) {
        throw new TestAbortedException(
            "a part of Maven is not on this machine and cannot be had: "
                + said.lines().filter(l -> l.contains("ERROR")).findFirst().orElse(""));
      }
      throw new AssertionError(String.join(" ", words) + " failed:\n" + said);
    }
    return said;
  }
}
