package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Lets no process of the targets open anything more: the soft limit on descriptors is set to what they have (prlimit(2)). */
final class DescriptorFault implements Fault {
  @Override
  public String name() {
    return "descriptors";
  }

  @Override
  public String needs() {
    return "open and accept fail with EMFILE: the soft limit of each process is what it has open;"
        + " needs prlimit and processes on this machine";
  }

  @Override
  public Injection inject(ChaosScene scene) throws DaemonException, InterruptedException {
    scene.parameters().only();
    Guard guard = Guard.start(Guard.DESCRIPTORS, scene.plan().duration());
    try {
      for (String target : scene.targets()) {
        String main = Processes.main(scene.manager(), target);
        int count = 0;
        for (String item : Processes.tree(main)) {
          try {
            guard.inject(item + ":" + softLimit(item) + ":" + open(item));
            count++;
          } catch (DaemonException e) {
            // A child may have ended since it was seen.
            if (item.equals(main) || Processes.isThere(item)) {
              throw e;
            }
          }
        }
        scene.note(target + ": no descriptor more, for " + count + " process(es)");
      }
      return guard::close;
    } catch (DaemonException | InterruptedException e) {
      guard.close();
      throw e;
    }
  }

  private static String softLimit(String item) throws DaemonException {
    Path limits = Path.of("/proc/" + Processes.pid(item) + "/limits");
    try (Stream<String> lines = Files.lines(limits)) {
      return lines
          .filter(l -> l.startsWith("Max open files"))
          .map(l -> l.substring("Max open files".length()).strip().split(" +")[0])
          .findFirst()
          .orElseThrow(() -> new IOException("no line about open files"));
    } catch (IOException e) {
      throw unreadable(limits, e);
    }
  }

  /** The kernel's limit is one above the highest descriptor that may be had, not a count. */
  private static long open(String item) throws DaemonException {
    Path folder = Path.of("/proc/" + Processes.pid(item) + "/fd");
    try (Stream<Path> descriptors = Files.list(folder)) {
      // Gaps below the highest could still be filled: the first gap is the limit.
      List<Integer> numbers =
          descriptors.map(d -> Integer.valueOf(d.getFileName().toString())).sorted().toList();
      int next = 0;
      while (next < numbers.size() && numbers.get(next) == next) {
        next++;
      }
      return next;
    } catch (IOException e) {
      throw unreadable(folder, e);
    }
  }

  private static DaemonException unreadable(Path file, IOException e) {
    return new DaemonException(
        ErrorCode.PERMISSION_DENIED, file.toString(), "cannot be read: " + e.getMessage(), "", e);
  }
}
