package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.monitor.Jail;
import com.paiml.duende.linux.proc.ProcessStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Whether this process may shut monitors in, and how. Each machine's monitor becomes a user of its own, whose number is the
 * machine's context id added to {@link #FIRST_USER}: a range that no distribution and no systemd gives out (systemd's "Users,
 * Groups, UIDs and GIDs"), so that monitors can touch neither anybody's files nor each other.
 *
 * @param permitted whether it may
 */
record Jails(boolean permitted) {
  /** 0x70010000; context ids are 3 to 65,535. */
  static final int FIRST_USER = 0x7001_0000;

  private static final long MOST = 65_536;

  /** KILL, SETGID, SETUID, SYS_CHROOT and SYS_ADMIN of capabilities(7). */
  private static final long NEEDED = 1L << 5 | 1L << 6 | 1L << 7 | 1L << 18 | 1L << 21;

  static Jails here() {
    return of(Path.of("/proc/self/status"), Path.of("/proc/self/uid_map"));
  }

  static Jails of(Path status, Path users) {
    try {
      long held = ProcessStatus.parse(Files.readString(status)).mask("CapEff").orElse(0);
      return new Jails(
          (held & NEEDED) == NEEDED && Files.readString(users).lines().anyMatch(Jails::maps));
    } catch (IOException e) {
      return new Jails(false);
    }
  }

  /** A line of user_namespaces(7): the first number inside, the first outside, how many. */
  private static boolean maps(String line) {
    String[] words = line.strip().split("\\s+", -1);
    long first = Long.parseLong(words[0]);
    return first <= FIRST_USER && first + Long.parseLong(words[2]) >= FIRST_USER + MOST;
  }

  /**
   * That of one machine.
   *
   * @param cid its context id
   * @param root an empty folder for it
   * @param network whether its monitor is its network
   */
  Jail of(long cid, Path root, boolean network) {
    return permitted
        ? new Jail(
            OptionalInt.of((int) (FIRST_USER + cid)),
            // QEMU's network reads the host's resolv.conf whenever the guest asks for a name.
            network ? Optional.empty() : Optional.of(root),
            network)
        : Jail.NONE;
  }
}
