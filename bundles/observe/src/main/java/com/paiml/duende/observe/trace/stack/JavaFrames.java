package com.paiml.duende.observe.trace.stack;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The Java frames of a thread of a JVM, by {@code jcmd PID Thread.print} of this JVM's own Java. The JVM is asked at most once
 * a second, so a frame says where the thread was within a second of the call, not at it; each is marked with "java".
 */
final class JavaFrames {
  private static final Duration AGE = Duration.ofSeconds(1);
  private static final Duration PATIENCE = Duration.ofSeconds(15);
  private static final int DEEPEST = 32;
  private static final Pattern THREAD = Pattern.compile("^\".*\".* nid=(0x[0-9a-f]+|\\d+) .*");

  private record Dump(long time, Map<Integer, List<String>> stacks) {}

  private final Map<Integer, Boolean> jvms = new HashMap<>();
  private final Map<Integer, Dump> dumps = new HashMap<>();
  private final Optional<Path> tool;

  JavaFrames() {
    Path beside = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    tool = Files.isExecutable(beside) ? Optional.of(beside) : Optional.empty();
  }

  List<String> of(int process, int thread) {
    if (tool.isEmpty() || !jvms.computeIfAbsent(process, JavaFrames::isJvm)) {
      return List.of();
    }
    Dump dump = dumps.get(process);
    if (dump == null || System.nanoTime() - dump.time() > AGE.toNanos()) {
      dump = new Dump(System.nanoTime(), ask(tool.get(), process));
      dumps.put(process, dump);
    }
    return dump.stacks().getOrDefault(thread, List.of());
  }

  private static boolean isJvm(int process) {
    try {
      return Files.readString(Path.of("/proc/" + process + "/maps"), StandardCharsets.ISO_8859_1)
          .contains("libjvm.so");
    } catch (IOException gone) {
      return false;
    }
  }

  private static Map<Integer, List<String>> ask(Path tool, int process) {
    try {
      Path out = Files.createTempFile("duende-jcmd", ".txt");
      try {
        Process jcmd =
            new ProcessBuilder(tool.toString(), Integer.toString(process), "Thread.print")
                .redirectOutput(out.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (!jcmd.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
          Process _ = jcmd.destroyForcibly();
          return Map.of();
        }
        return parse(Files.readAllLines(out, StandardCharsets.UTF_8));
      } finally {
        boolean _ = Files.deleteIfExists(out);
      }
    } catch (IOException unreadable) {
      return Map.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Map.of();
    }
  }

  static Map<Integer, List<String>> parse(List<String> lines) {
    Map<Integer, List<String>> stacks = new HashMap<>();
    List<String> current = new ArrayList<>();
    for (String line : lines) {
      Matcher head = THREAD.matcher(line);
      if (head.matches()) {
        current = new ArrayList<>();
        stacks.put(Integer.decode(head.group(1)), current);
      } else if (line.startsWith("\tat ") && current.size() < DEEPEST) {
        current.add("java " + line.substring(4).strip());
      }
    }
    return stacks;
  }
}
