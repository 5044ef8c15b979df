package com.paiml.duende.adapter.process.program;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Processes by the mark in their environment, as ps(1) shows it: procps and the BSDs with {@code e}, macOS with {@code -E}
 * (there for programs that the system does not protect).
 */
final class MarkedProcesses {
  private static final Pattern LINE = Pattern.compile("\\s*([0-9]+)\\s+(\\S+)\\s(.*)");
  private static final Pattern MARK = Pattern.compile("(?:^|\\s)" + Programs.MARK + "=(\\S+)");
  private static final long PATIENCE_SECONDS = 20;

  /** @param stopped whether it stands still */
  record Marked(ProcessHandle process, boolean stopped, String mark) {}

  private MarkedProcesses() {}

  static List<Marked> find(Predicate<String> wanted) throws IOException {
    List<Marked> found = new ArrayList<>();
    long self = ProcessHandle.current().pid();
    for (String line : ps().split("\n")) {
      Matcher m = LINE.matcher(line);
      if (m.matches() && !m.group(2).startsWith("Z")) {
        long pid = Long.parseLong(m.group(1));
        Matcher mark = MARK.matcher(m.group(3));
        Optional<ProcessHandle> process = ProcessHandle.of(pid);
        if (pid != self && process.isPresent() && mark.find() && wanted.test(mark.group(1))) {
          found.add(new Marked(process.get(), m.group(2).startsWith("T"), mark.group(1)));
        }
      }
    }
    return found;
  }

  private static String ps() throws IOException {
    boolean mac = System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("mac");
    Process ps =
        new ProcessBuilder("ps", mac ? "-axEww" : "axeww", "-o", "pid=,stat=,command=")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    CompletableFuture<String> text = CompletableFuture.supplyAsync(() -> text(ps));
    try {
      return text.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (java.util.concurrent.TimeoutException | java.util.concurrent.ExecutionException e) {
      throw new IOException("ps gives no answer: " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for ps", e);
    } finally {
      var _ = ps.destroyForcibly();
    }
  }

  private static String text(Process ps) {
    try (InputStream in = ps.getInputStream()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException closed) {
      return "";
    }
  }
}
