package com.paiml.duende.bench;

import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.Callable;

/**
 * Waits until many programs run that a supervisor starts, with next to nothing of the processors that it starts them on: one
 * small file is read until the machine has nearly as many more threads as they and their helpers make, and only then are they
 * counted one by one. Of one thread.
 */
final class Crowd {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final Duration PAUSE = Duration.ofMillis(10);

  /** Threads of others that may end meanwhile. From so many before the last on they are counted one by one. */
  private static final int OTHERS = 32;

  /** Should more of others end than that: after this time in which no more came they are counted as well; half were there. */
  private static final long STILL = Duration.ofMillis(100).toNanos();

  /** The same where not even half were seen to come, as where the processes of the one before were still ending. */
  private static final long LONG_STILL = Duration.ofSeconds(1).toNanos();

  private final int count;
  private final long enough;
  private final long half;
  private long most;
  private long grew = System.nanoTime();

  /**
   * To be made before the first of them starts.
   *
   * @param count of programs
   * @param each processes for one of them, its helpers with it
   */
  Crowd(int count, int each) throws IOException {
    this.count = count;
    long before = threads();
    this.enough = before + (long) count * each - OTHERS;
    this.half = before + (long) count * each / 2;
  }

  /**
   * Returns when all run.
   *
   * @param pids the supervisor and all below it
   */
  void await(Callable<? extends Collection<Long>> pids) throws Exception {
    Await.until(
        count + " programs run", PATIENCE, PAUSE, () -> isTime() && members(pids.call()) >= count);
  }

  private boolean isTime() throws IOException {
    long now = threads();
    if (now > most) {
      most = now;
      grew = System.nanoTime();
    }
    long still = System.nanoTime() - grew;
    return now >= enough || still > (most >= half ? STILL : LONG_STILL);
  }

  private static long members(Collection<Long> pids) {
    return pids.stream().filter(Crowd::isMember).count();
  }

  static boolean isMember(long pid) {
    return Programs.command(pid).equals("sleep");
  }

  /** Of the whole machine, /proc/loadavg of proc(5). */
  private static long threads() throws IOException {
    String running = Files.readString(Path.of("/proc/loadavg")).split(" ")[3];
    return Long.parseLong(running.substring(running.indexOf('/') + 1));
  }
}
