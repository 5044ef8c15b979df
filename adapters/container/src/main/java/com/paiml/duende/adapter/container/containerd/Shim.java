package com.paiml.duende.adapter.container.containerd;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.Pidfd;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The process between containerd and a container, by which containerd does all that it does with it. While it does nothing,
 * nothing can be done, and the container's name is not free; when it ends, containerd clears away all that was the container's.
 */
final class Shim {
  private static final System.Logger LOG = System.getLogger(Shim.class.getName());
  private static final String PROGRAM = "containerd-shim-runc-v2";
  private static final int SIGKILL = 9;

  private final Optional<Linux> linux;
  private final List<List<String>> flags;

  /**
   * @param linux where its processes can be seen; empty where they cannot
   * @param socket of the containerd that has started it
   */
  Shim(Optional<Linux> linux, String namespace, Path socket, String container) {
    this.linux = linux;
    this.flags =
        List.of(
            List.of("-namespace", namespace),
            List.of("-id", container),
            List.of("-address", socket.toString()));
  }

  /**
   * Kills it with all that it has started.
   *
   * @return whether there was one that could be killed from here
   */
  boolean kill() {
    boolean any = false;
    try {
      if (linux.isPresent()) {
        for (int pid : linux.get().proc().pids()) {
          any |= isIt(linux.get(), pid) && kill(linux.get(), pid);
        }
      }
    } catch (LinuxException e) {
      LOG.log(System.Logger.Level.DEBUG, "looking for a shim: {0}", e.getMessage());
    }
    return any;
  }

  private boolean isIt(Linux here, int pid) {
    try {
      return here.proc().file(pid, "cmdline").filter(this::isItsCommand).isPresent();
    } catch (LinuxException e) {
      // Not ours to see, and not ours to kill.
      return false;
    }
  }

  /** @param command its words as the kernel keeps them, each with a NUL behind it, proc_pid_cmdline(5) */
  boolean isItsCommand(String command) {
    List<String> words = List.of(command.split("\0", -1));
    return ("/" + words.getFirst()).endsWith("/" + PROGRAM)
        && flags.stream()
            .allMatch(
                flag -> {
                  int at = words.indexOf(flag.getFirst());
                  return at >= 0 && at + 1 < words.size() && words.get(at + 1).equals(flag.get(1));
                });
  }

  private boolean kill(Linux here, int pid) {
    try (Pidfd held = here.processes().open(pid)) {
      // The number may have passed to a stranger since it was read.
      if (!isIt(here, pid)) {
        return false;
      }
      for (int program : here.proc().descendants(pid)) {
        killBelow(here, pid, program);
      }
      return held.sendSignal(SIGKILL);
    } catch (LinuxException e) {
      LOG.log(System.Logger.Level.DEBUG, "killing a shim: {0}", e.getMessage());
      return false;
    }
  }

  /** What it has started: of a shim that containerd has forgotten, nobody else ends that. */
  private static void killBelow(Linux here, int shim, int program) throws LinuxException {
    try (Pidfd held = here.processes().open(program)) {
      boolean _ = here.proc().descendants(shim).contains(program) && held.sendSignal(SIGKILL);
    } catch (LinuxException e) {
      if (e.errno().equals("EPERM")) {
        throw e;
      }
      // It has ended meanwhile.
    }
  }
}
