package com.paiml.duende.adapter.systemd.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The machine of which a service manager is PID 1: this one, or a container whose bus is reached through {@code
 * /proc/PID/root}, with files and process numbers of its own.
 *
 * @param root where its files are for us
 * @param init its PID 1 as we number it; for this machine our own process
 */
public record Machine(Path root, String init) {
  private static final Pattern ELSEWHERE = Pattern.compile("unix:path=(/proc/([0-9]+)/root)/.*");

  /** The machine that a bus address leads to. */
  public static Machine of(String address) {
    Matcher elsewhere = ELSEWHERE.matcher(address);
    return elsewhere.matches()
        ? new Machine(Path.of(elsewhere.group(1)), elsewhere.group(2))
        : new Machine(Path.of("/"), "self");
  }

  /** Where the user that this runs as has sockets and units: as the session says, or where pam_systemd(8) puts it. */
  public static String runtimeFolder() {
    String said = System.getenv("XDG_RUNTIME_DIR");
    return said == null || said.isEmpty() ? "/run/user/" + ownUid() : said;
  }

  private static int ownUid() {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid") instanceof Integer uid ? uid : 0;
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException unknown) {
      return 0;
    }
  }

  public boolean isHere() {
    return init.equals("self");
  }

  /** Where we find what it calls so. */
  public Path path(String inside) {
    return path(Path.of(inside));
  }

  /** Where we find what it calls so. */
  public Path path(Path inside) {
    return isHere() ? inside : root.resolve(inside.toString().replaceFirst("^/+", ""));
  }

  /** The number that we have for one of its processes, which is among those. */
  public OptionalLong ours(long pid, List<Long> candidates) {
    if (isHere()) {
      return pid > 0 ? OptionalLong.of(pid) : OptionalLong.empty();
    }
    for (long candidate : candidates) {
      String numbers = ProcessFiles.status(candidate, "NSpid");
      if (numbers.endsWith("\t" + pid)) {
        return OptionalLong.of(candidate);
      }
    }
    return OptionalLong.empty();
  }

  /** The lines of its table of mounts, proc_pid_mountinfo(5). */
  List<String> mounts() throws IOException {
    return Files.readAllLines(Path.of("/proc", init, "mountinfo"));
  }
}
