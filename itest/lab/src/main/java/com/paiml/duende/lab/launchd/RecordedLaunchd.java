package com.paiml.duende.lab.launchd;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A program that behaves as launchctl(1) and launchd.plist(5) of macOS document, and really starts processes. Never taken for
 * Apple's: whoever drives it says so. Closing it ends all its jobs.
 */
public final class RecordedLaunchd implements AutoCloseable {
  private final Process server;
  private final Path folder;
  private final Path launchctl;

  private RecordedLaunchd(Process server, Path folder, Path launchctl) {
    this.server = server;
    this.folder = folder;
    this.launchctl = launchctl;
  }

  /**
   * Starts one.
   *
   * @param folder empty, of the test's own, with a short path: it holds a socket
   * @throws Missing when there is no Python or no Perl
   */
  public static RecordedLaunchd start(Path folder) throws IOException, Missing {
    // The system's own where there is one: what stands in its place on the path may be a script
    // that looks for it each time.
    Path system = Path.of("/usr/bin/python3");
    Path python = Files.isExecutable(system) ? system : Command.need("python3", "python3");
    Path perl = Command.need("perl", "perl-base");
    Path script = copy("launchd.py", folder);
    Path client = copy("launchctl.pl", folder);
    Process server =
        new ProcessBuilder(python.toString(), script.toString(), "serve", folder.toString())
            .redirectError(folder.resolve("launchd.log").toFile())
            .start();
    BufferedReader out = server.inputReader(StandardCharsets.UTF_8);
    if (!"ready".equals(out.readLine())) {
      server.destroyForcibly();
      throw new IOException(Files.readString(folder.resolve("launchd.log")));
    }
    Path launchctl = folder.resolve("launchctl");
    Files.writeString(
        launchctl,
        "#!/bin/sh\nexec '"
            + perl
            + "' '"
            + client
            + "' '"
            + folder.resolve("launchd.sock")
            + "' \"$@\"\n");
    Files.setPosixFilePermissions(launchctl, PosixFilePermissions.fromString("rwxr-xr-x"));
    return new RecordedLaunchd(server, folder, launchctl);
  }

  private static Path copy(String name, Path folder) throws IOException {
    Path file = folder.resolve(name);
    try (InputStream in = RecordedLaunchd.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException(name + " is not in this jar");
      }
      long _ = Files.copy(in, file);
    }
    return file;
  }

  /** Its launchctl. */
  public Path launchctl() {
    return launchctl;
  }

  /** Every call of its launchctl so far: the exit status, a blank, the words. */
  public List<String> calls() throws IOException {
    Path calls = folder.resolve("calls");
    return Files.exists(calls) ? Files.readAllLines(calls, StandardCharsets.UTF_8) : List.of();
  }

  /** From now on, or no longer, what is booted out drains on without an end, shown no more and its label not free. */
  public void drainOn(boolean on) throws IOException {
    if (on) {
      Path _ = Files.writeString(folder.resolve("drain"), "");
    } else {
      Files.delete(folder.resolve("drain"));
    }
  }

  /** From now on it starts nothing by itself that is loaded, as launchd does in a domain of which nobody asks anything. */
  public void hold() throws IOException {
    Path _ = Files.writeString(folder.resolve("hold"), "");
  }

  /** From now on it takes no property list with that key, and says of it what launchd says of one that is wrong. */
  public void refuse(String key) throws IOException {
    Path _ = Files.writeString(folder.resolve("refuse"), key);
  }

  /** From now on a process may have so many files open and no more, as macOS has it in {@code kern.maxfilesperproc}. */
  public void cap(int files) throws IOException {
    Path _ = Files.writeString(folder.resolve("cap"), Integer.toString(files));
  }

  /** From now on it shows no limits of a job. */
  public void mute() throws IOException {
    Path _ = Files.writeString(folder.resolve("mute"), "");
  }

  @Override
  public void close() throws IOException, InterruptedException {
    server.getOutputStream().close();
    if (!server.waitFor(30, TimeUnit.SECONDS)) {
      server.destroyForcibly();
    }
  }
}
