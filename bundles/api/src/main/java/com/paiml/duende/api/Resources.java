package com.paiml.duende.api;

/**
 * What a daemon may take, table {@code [resources]}.
 *
 * @param memory bytes; the default is 512 MiB, and 0 in a file means the default
 * @param memorySwap bytes of memory and swap together; at least {@code memory}
 * @param cpuQuota percent of one core, above 0; 150 is one core and a half
 * @param cpuShares weight against others when cores are short, 2 to 262144
 * @param ioReadBps bytes per second from block devices; 0 none
 * @param ioWriteBps bytes per second to block devices; 0 none
 * @param networkBps bytes per second sent; 0 none
 * @param disk bytes of the daemon's state directory; 0 none
 * @param pids processes and threads, at least 1
 * @param openFiles descriptors of each process, at least 8
 * @param lockMemory whether the daemon's memory is to be kept out of swap
 * @param lockMemoryRequired whether it must not start otherwise
 * @param enforce what to do about a written limit that cannot be applied
 */
public record Resources(
    long memory,
    long memorySwap,
    double cpuQuota,
    long cpuShares,
    long ioReadBps,
    long ioWriteBps,
    long networkBps,
    long disk,
    long pids,
    long openFiles,
    boolean lockMemory,
    boolean lockMemoryRequired,
    Enforce enforce) {

  /** What to do about a written limit that cannot be applied. */
  public enum Enforce {
    /** Refuse to start. */
    STRICT,
    /** Start, and show the limit as not in force. */
    BEST_EFFORT
  }

  public static final long DEFAULT_MEMORY = 512L << 20;

  public static final Resources DEFAULT =
      new Resources(
          DEFAULT_MEMORY,
          1L << 30,
          100.0,
          1024,
          0,
          0,
          0,
          0,
          100,
          1024,
          false,
          false,
          Enforce.STRICT);
}
