package com.paiml.duende.testkit.conformance;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What the reference adapter needs of /proc and kill(1). */
final class Proc {
  private Proc() {}

  /** Processes with this variable in their environment. */
  static List<Long> with(String variable) throws IOException {
    List<Long> pids = new ArrayList<>();
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      for (Path p : all.filter(d -> d.getFileName().toString().matches("\\d+")).toList()) {
        if (environment(p).contains(variable)) {
          pids.add(Long.parseLong(p.getFileName().toString()));
        }
      }
    }
    return pids;
  }

  static List<String> environment(long pid) {
    return environment(Path.of("/proc/" + pid));
  }

  private static List<String> environment(Path process) {
    try {
      return List.of(
          new String(Files.readAllBytes(process.resolve("environ")), StandardCharsets.UTF_8)
              .split("\0"));
    } catch (IOException e) {
      return List.of();
    }
  }

  /** Field of /proc/PID/stat, numbered as in proc(5); empty when the process is gone. */
  static String stat(long pid, int field) {
    try {
      String text = Files.readString(Path.of("/proc/" + pid + "/stat"));
      // The second field is in parentheses and may hold anything.
      String[] rest = text.substring(text.lastIndexOf(')') + 2).split(" ");
      return rest[field - 3];
    } catch (IOException e) {
      return "";
    }
  }

  static boolean signal(long pid, String name) throws IOException, InterruptedException {
    Process kill =
        new ProcessBuilder("/bin/kill", "-" + name, Long.toString(pid))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    return kill.waitFor(30, TimeUnit.SECONDS) && kill.exitValue() == 0;
  }
}
