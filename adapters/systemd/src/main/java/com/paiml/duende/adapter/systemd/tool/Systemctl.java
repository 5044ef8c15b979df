package com.paiml.duende.adapter.systemd.tool;

import com.paiml.duende.adapter.systemd.Faults;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs systemctl(1), without a shell, to its end or its deadline. */
public final class Systemctl {
  private static final int MOST = 4 << 20;
  private static final int LONGEST = 500;

  private final List<String> words;
  private final Map<String, String> environment;

  /** @param words that call it */
  public Systemctl(List<String> words) {
    this(words, Map.of());
  }

  /**
   * @param words that call it
   * @param environment variables beside its own
   */
  public Systemctl(List<String> words, Map<String, String> environment) {
    this.words = List.copyOf(words);
    this.environment = Map.copyOf(environment);
  }

  private record Said(int status, String output, String error) {}

  /** What it prints. */
  public String run(String thing, Deadline deadline, List<String> arguments)
      throws DaemonException {
    Said said = said(thing, deadline, arguments);
    if (said.status() == 0) {
      return said.output();
    }
    String error = said.error().strip();
    String text = error.length() > LONGEST ? error.substring(0, LONGEST) + "…" : error;
    boolean denied =
        text.contains("Access denied")
            || text.contains("authentication required")
            || text.contains("Permission denied");
    boolean unknown =
        text.contains("not loaded")
            || text.contains("No such process")
            || text.contains("not found");
    throw new DaemonException(
        denied ? ErrorCode.PERMISSION_DENIED : unknown ? ErrorCode.NOT_FOUND : ErrorCode.SPAWN,
        thing,
        "systemctl " + arguments.getFirst() + " refuses: " + text,
        denied ? "run Duende as root, or write scope = \"user\"" : "see journalctl -u " + thing);
  }

  private Said said(String thing, Deadline deadline, List<String> arguments)
      throws DaemonException {
    List<String> all = new ArrayList<>(words);
    all.addAll(arguments);
    try {
      ProcessBuilder builder = new ProcessBuilder(all);
      builder.environment().putAll(environment);
      builder.environment().put("LC_ALL", "C");
      Process process = builder.start();
      try {
        process.getOutputStream().close();
        CompletableFuture<String> output = drain(process.getInputStream());
        CompletableFuture<String> error = drain(process.getErrorStream());
        if (!process.waitFor(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS)) {
          throw Faults.timeout(thing, String.join(" ", all));
        }
        return new Said(
            process.exitValue(),
            output.get(deadline.remaining().toMillis() + 1000, TimeUnit.MILLISECONDS),
            error.get(deadline.remaining().toMillis() + 1000, TimeUnit.MILLISECONDS));
      } finally {
        Process _ = process.destroyForcibly();
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          thing,
          all.getFirst() + " cannot be run: " + e.getMessage(),
          "install systemd",
          e);
    } catch (InterruptedException e) {
      throw Faults.interrupted(thing, String.join(" ", all));
    } catch (ExecutionException | TimeoutException e) {
      throw new DaemonException(
          ErrorCode.IO, thing, "what systemctl printed cannot be read: " + e, "try again", e);
    }
  }

  private static CompletableFuture<String> drain(java.io.InputStream stream) {
    return CompletableFuture.supplyAsync(
        () -> {
          try (stream) {
            return new String(stream.readNBytes(MOST), StandardCharsets.UTF_8);
          } catch (IOException e) {
            return "";
          }
        },
        r -> Thread.ofPlatform().name("duende-systemctl").daemon().start(r));
  }
}
