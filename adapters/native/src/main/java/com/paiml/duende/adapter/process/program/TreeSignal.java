package com.paiml.duende.adapter.process.program;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.ProcessIdentity;
import com.paiml.duende.linux.process.Processes;
import java.util.List;
import java.util.Optional;

/** Sends a signal to exactly those processes: a stranger that has got one of their pids since gets none. */
final class TreeSignal {
  private TreeSignal() {}

  static void send(Processes processes, List<ProcessTable.Entry> members, String bootId, int signal)
      throws LinuxException {
    for (ProcessTable.Entry member : members) {
      Optional<Pidfd> held =
          processes.open(new ProcessIdentity(member.pid(), member.start(), bootId));
      if (held.isPresent()) {
        try (Pidfd process = held.get()) {
          var _ = process.sendSignal(signal);
        } catch (LinuxException refused) {
          // A set-user-id program of somebody else's: the others are still to be reached.
          if (!refused.is(Errno.EPERM)) {
            throw refused;
          }
        }
      }
    }
  }
}
