package com.paiml.duende.ublk.inside;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Threads that wait in the kernel and cannot be woken, state D, as /proc tells them. */
final class Stuck {
  private static final Map<String, Integer> SEEN = new HashMap<>();

  private Stuck() {}

  /** A thread that serves and was found stuck at so many looks in a row, with where it is in the kernel. */
  static Optional<String> of(int process, int looks) {
    Optional<String> found = Optional.empty();
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(Path.of("/proc/" + process + "/task"))) {
      for (Path thread : threads) {
        String stat = Files.readString(thread.resolve("stat"));
        String name = stat.substring(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
        boolean waits = stat.charAt(stat.lastIndexOf(')') + 2) == 'D';
        int times = waits ? SEEN.merge(thread.toString(), 1, Integer::sum) : 0;
        SEEN.put(thread.toString(), times);
        if (times >= looks && (looks == 1 || name.startsWith("ublk-"))) {
          String stack = Files.readString(thread.resolve("stack"));
          found = Optional.of(name + ": " + stack.replace("[<0>] ", "").replace('\n', ' '));
        }
      }
    } catch (IOException ended) {
      return Optional.empty();
    }
    return found;
  }

  /** Whether all threads of a process have gone; its parent may not have waited for it yet. */
  static boolean awaitEnd(int process, Duration most) throws InterruptedException {
    long end = System.nanoTime() + most.toNanos();
    while (System.nanoTime() < end) {
      int threads = 0;
      String first = "Z";
      try (DirectoryStream<Path> tasks =
          Files.newDirectoryStream(Path.of("/proc/" + process + "/task"))) {
        for (Path task : tasks) {
          threads++;
          String stat = Files.readString(task.resolve("stat"));
          first = stat.substring(stat.lastIndexOf(')') + 2);
        }
      } catch (IOException gone) {
        return true;
      }
      if (threads == 0 || (threads == 1 && first.startsWith("Z"))) {
        return true;
      }
      Thread.sleep(100);
    }
    return false;
  }
}
