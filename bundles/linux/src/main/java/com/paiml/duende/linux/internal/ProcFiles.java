package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.proc.ProcFileSystem;
import com.paiml.duende.linux.proc.ProcessStat;
import com.paiml.duende.linux.proc.ProcessStatus;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** proc(5). */
final class ProcFiles implements ProcFileSystem {
  private static final Path PROC = Path.of("/proc");
  private static final int EXIT_CODE = 52;
  private static final int FIRST_AFTER_NAME = 3;

  private final Kernel kernel;
  // One kernel has one as long as it runs, and every start asks.
  private volatile @Nullable String boot;

  ProcFiles(Kernel kernel) {
    this.kernel = kernel;
  }

  @Override
  public String bootId() throws LinuxException {
    String known = boot;
    if (known == null) {
      known = kernel.readFile("/proc/sys/kernel/random/boot_id").strip();
      boot = known;
    }
    return known;
  }

  @Override
  public List<Integer> pids() throws LinuxException {
    List<Integer> pids = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(PROC, "[1-9]*")) {
      all.forEach(path -> pids.add(Integer.valueOf(path.getFileName().toString())));
    } catch (IOException unreadable) {
      throw new LinuxException(
          Errno.EIO,
          "open",
          PROC.toString(),
          "It cannot be listed (" + unreadable + "): check that it is mounted.");
    }
    return pids;
  }

  @Override
  public Optional<ProcessStat> stat(int pid) throws LinuxException {
    return file(pid, "stat").map(ProcessStat::parse);
  }

  @Override
  public Optional<ProcessStatus> status(int pid) throws LinuxException {
    return file(pid, "status").map(ProcessStatus::parse);
  }

  @Override
  public Optional<String> file(int pid, String name) throws LinuxException {
    try {
      return Optional.of(kernel.readFile("/proc/" + pid + "/" + name));
    } catch (LinuxException gone) {
      if (gone.is(Errno.ENOENT) || gone.is(Errno.ESRCH)) {
        return Optional.empty();
      }
      throw gone;
    }
  }

  @Override
  public List<Integer> descendants(int pid) throws LinuxException {
    Map<Integer, List<Integer>> children = new HashMap<>();
    for (int each : pids()) {
      stat(each)
          .ifPresent(
              stat ->
                  children.computeIfAbsent(stat.parent(), p -> new ArrayList<>()).add(stat.pid()));
    }
    List<Integer> found = new ArrayList<>(children.getOrDefault(pid, List.of()));
    // The list grows while it is walked: the children of a child follow it.
    for (int i = 0; i < found.size(); i++) {
      found.addAll(children.getOrDefault(found.get(i), List.of()));
    }
    return found;
  }

  /** Field 22 of /proc/PID/stat; empty when there is no such process. */
  Optional<Long> startTime(int pid) throws LinuxException {
    return stat(pid).map(ProcessStat::startTime);
  }

  /**
   * The wait status that a zombie shows. The kernel shows 0 to those who may not know, so 0 says
   * nothing and is given as empty.
   */
  Optional<Integer> zombieStatus(int pid) throws LinuxException {
    return file(pid, "stat")
        .map(line -> line.substring(line.lastIndexOf(')') + 2).strip().split(" ", -1))
        .filter(fields -> fields[0].equals("Z") && fields.length > EXIT_CODE - FIRST_AFTER_NAME)
        .map(fields -> Integer.parseInt(fields[EXIT_CODE - FIRST_AFTER_NAME]))
        .filter(status -> status != 0);
  }
}
