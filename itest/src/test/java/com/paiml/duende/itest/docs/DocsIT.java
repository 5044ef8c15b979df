package com.paiml.duende.itest.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.paiml.duende.itest.container.Distribution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every command of the documents is run, in the order of the page, and says what the page says that it does. */
class DocsIT {
  private static final Duration DEADLINE = Duration.ofMinutes(3);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"README.md", "docs/getting-started.md"})
  void the_commands_of_a_document_do_what_it_says(String document) throws Exception {
    Path page = Path.of("..").toAbsolutePath().normalize().resolve(document);
    List<ConsoleBlock> blocks = ConsoleBlock.of(page);
    assertFalse(blocks.isEmpty(), document + " has no command");
    Assumptions.assumeTrue(
        run("command -v python3").startsWith("/"), "the documents' server is Python's: no python3");
    Path command = folder.resolve("duende");
    Files.writeString(command, "#!/bin/sh\nexec '" + Distribution.home() + "/bin/duende' \"$@\"\n");
    Files.setPosixFilePermissions(command, PosixFilePermissions.fromString("rwxr-xr-x"));
    try {
      for (ConsoleBlock block : blocks) {
        String said = run(block.command());
        // What only looks may look again: a machine can be slow, and a page cannot wait.
        Instant end = Instant.now().plus(DEADLINE);
        while (looks(block.command())
            && !block.missing(said).isEmpty()
            && Instant.now().isBefore(end)) {
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
          said = run(block.command());
        }
        assertEquals(
            "",
            block.missing(said),
            document + ":" + block.line() + ": " + block.command() + " said\n" + said);
      }
    } finally {
      if (Files.exists(folder.resolve("data/control.sock"))) {
        assertFalse(run("./duende down").contains("fail"), "the container must end");
      }
    }
  }

  private static boolean looks(String command) {
    return command.matches("\\./duende (ps|status|logs|health|doctor|adapters)\\b.*");
  }

  private String run(String command) throws IOException, InterruptedException {
    Path output = Files.createTempFile(folder, "said", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder("/bin/sh", "-c", command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(output.toFile());
    builder.environment().keySet().removeIf(n -> n.startsWith("DUENDE_") || n.startsWith("XDG_"));
    builder.environment().put("DUENDE_DATA", folder.resolve("data").toString());
    builder.environment().put("DUENDE_ETC", folder.resolve("etc").toString());
    builder.environment().put("DUENDE_AOT", "off");
    Process process = builder.start();
    if (!process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      return "did not end within " + DEADLINE + ":\n" + Files.readString(output);
    }
    return Files.readString(output);
  }
}
