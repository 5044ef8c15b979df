package com.paiml.duende.linux.proc;

/**
 * {@code /proc/PID/stat}, the fields that a supervisor wants.
 *
 * @param pid field 1
 * @param name field 2, at most 15 bytes, may hold spaces and parentheses
 * @param state field 3: R running, S sleeping, D waiting for a device, T stopped, t traced, Z zombie,
 *     X dead, I idle
 * @param parent field 4
 * @param group field 5, the process group
 * @param session field 6
 * @param minorFaults field 10
 * @param majorFaults field 12, those that went to the disk
 * @param userTicks field 14, processor time in clock ticks, see {@link ProcFileSystem#TICKS}
 * @param systemTicks field 15
 * @param nice field 19
 * @param threads field 20
 * @param startTime field 22, clock ticks since boot
 * @param virtualBytes field 23
 * @param residentPages field 24
 * @param processor field 39, the one it ran on last
 */
public record ProcessStat(
    int pid,
    String name,
    char state,
    int parent,
    int group,
    int session,
    long minorFaults,
    long majorFaults,
    long userTicks,
    long systemTicks,
    int nice,
    int threads,
    long startTime,
    long virtualBytes,
    long residentPages,
    int processor) {

  /**
   * Reads a line of the kernel.
   *
   * @throws IllegalArgumentException when it is something else
   */
  public static ProcessStat parse(String line) {
    int open = line.indexOf('(');
    int close = line.lastIndexOf(')');
    if (open < 0 || close < open) {
      throw new IllegalArgumentException("not a stat line: " + line);
    }
    // From the third field on: field n is at n - 3.
    String[] field = line.substring(close + 2).strip().split(" ", -1);
    if (field.length < 37) {
      throw new IllegalArgumentException("a stat line with too few fields: " + line);
    }
    return new ProcessStat(
        Integer.parseInt(line.substring(0, open).strip()),
        line.substring(open + 1, close),
        field[0].charAt(0),
        Integer.parseInt(field[1]),
        Integer.parseInt(field[2]),
        Integer.parseInt(field[3]),
        Long.parseLong(field[7]),
        Long.parseLong(field[9]),
        Long.parseLong(field[11]),
        Long.parseLong(field[12]),
        Integer.parseInt(field[16]),
        Integer.parseInt(field[17]),
        Long.parseLong(field[19]),
        Long.parseUnsignedLong(field[20]),
        Long.parseLong(field[21]),
        Integer.parseInt(field[36]));
  }
}
