package com.paiml.duende.lab.container;

import com.paiml.duende.lab.Missing;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A registry that an engine of the lab can reach, with one image that has a health check, and a password. */
public final class LabRegistry implements AutoCloseable {
  /** Who may fetch. */
  public static final String USER = "reader";

  public static final String PASSWORD = "let me in";

  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

  private final Process process;
  private final Path said;
  private final int port;
  private final String digest;

  private LabRegistry(Process process, Path said, String first) {
    this.process = process;
    this.said = said;
    this.port = Integer.parseInt(first.substring(0, first.indexOf(' ')));
    this.digest = first.substring(first.indexOf(' ') + 1);
  }

  /** Starts it where that engine fetches. */
  public static LabRegistry start(LabEngine engine)
      throws Missing, IOException, InterruptedException {
    Path folder = Files.createDirectories(engine.folder().resolve("registry"));
    Path said = folder.resolve("said");
    List<String> words = new ArrayList<>(engine.fetching());
    words.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            LabEngine.classes().toString(),
            RegistryMain.class.getName(),
            TestImage.tar(folder).toString(),
            USER,
            PASSWORD));
    Process process =
        new ProcessBuilder(words)
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (true) {
      String text = Files.readString(said);
      if (text.endsWith("\n") && text.matches("(?s)\\d+ sha256:.*")) {
        return new LabRegistry(process, said, text.lines().findFirst().orElseThrow());
      }
      if (!process.isAlive() || System.nanoTime() - end > 0) {
        Process _ = process.destroyForcibly();
        throw new IOException("the registry does not start: " + text);
      }
      Thread.sleep(20);
    }
  }

  /** The registry as it stands in references: address and port. */
  public String address() {
    return "127.0.0.1:" + port;
  }

  /** The reference of its image. */
  public String image() {
    return address() + "/team/checked:latest";
  }

  /** The digest of its image's manifest. */
  public String digest() {
    return digest;
  }

  /** How often it was asked for the manifest. */
  public long requests() throws IOException {
    return Files.readString(said).lines().filter(l -> l.contains("/manifests/")).count();
  }

  @Override
  public void close() throws InterruptedException {
    Process _ = process.destroyForcibly();
    boolean _ = process.waitFor(30, TimeUnit.SECONDS);
  }
}
