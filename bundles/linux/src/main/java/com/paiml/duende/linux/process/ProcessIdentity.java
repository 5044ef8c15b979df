package com.paiml.duende.linux.process;

/**
 * What tells one process from every other that ever had its pid: proc(5), field 22 of {@code
 * /proc/PID/stat}, and {@code /proc/sys/kernel/random/boot_id}. Plain data, fit for a journal.
 *
 * @param pid 1 or more
 * @param startTime clock ticks since boot at which it started
 * @param bootId the boot's UUID as the kernel prints it
 */
public record ProcessIdentity(int pid, long startTime, String bootId) {
  /** One line, {@code pid:start:boot}. */
  public String encode() {
    return pid + ":" + startTime + ":" + bootId;
  }

  /**
   * Reads what {@link #encode()} wrote.
   *
   * @throws IllegalArgumentException when it is something else
   */
  public static ProcessIdentity decode(String line) {
    String[] part = line.split(":", -1);
    if (part.length != 3 || part[2].isEmpty()) {
      throw new IllegalArgumentException("not a process identity (pid:start:boot): " + line);
    }
    return new ProcessIdentity(Integer.parseInt(part[0]), Long.parseLong(part[1]), part[2]);
  }
}
