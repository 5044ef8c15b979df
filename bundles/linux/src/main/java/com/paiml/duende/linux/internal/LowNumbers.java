package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.LinuxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Low descriptor numbers, kept for what children get copies of. The kernel copies a table of descriptors up to the highest
 * number that is needed, and what is open for thousands of programs is all below a number that is new. Safe for several threads.
 */
final class LowNumbers implements AutoCloseable {
  /** Two for each of the starts that there are at once, many times over; who finds none does without. */
  private static final int COUNT = 64;

  private final Kernel kernel;
  private final Fd nothing;
  private final List<Fd> kept = new ArrayList<>();
  private final ConcurrentLinkedQueue<Fd> free = new ConcurrentLinkedQueue<>();
  private int highest;

  private LowNumbers(Kernel kernel, Fd nothing) {
    this.kernel = kernel;
    this.nothing = nothing;
  }

  /**
   * To be made early: the numbers are the lowest that are free now.
   *
   * @param nothing is what they are kept with
   */
  static LowNumbers reserve(Kernel kernel, Fd nothing) throws LinuxException {
    LowNumbers all = new LowNumbers(kernel, nothing);
    try {
      for (int i = 0; i < COUNT; i++) {
        long copy =
            nothing.use(n -> kernel.raw(Call.FCNTL, n, ChildDescriptors.F_DUPFD_CLOEXEC, 3));
        int number = (int) Kernel.check(copy, Call.FCNTL, "a low number");
        Fd fd = new Fd(kernel, number);
        all.kept.add(fd);
        all.free.add(fd);
        all.highest = Math.max(all.highest, number);
      }
      return all;
    } catch (LinuxException fault) {
      all.close();
      throw fault;
    }
  }

  /**
   * A low copy of a descriptor, to be given {@link #back}; empty when it is low already, or there is none to be had.
   *
   * @throws LinuxException when this is closed
   */
  Optional<Fd> copy(int number) throws LinuxException {
    Fd low = number <= highest ? null : free.poll();
    if (low == null) {
      return Optional.empty();
    }
    // As long as it is lent nobody closes it: the number would be a stranger's.
    put(number, low.acquire());
    return Optional.of(low);
  }

  /** What was copied there is let go of. */
  void back(Fd low) {
    try {
      int _ =
          nothing.use(
              n -> {
                put(n, low.number());
                return n;
              });
      free.add(low);
    } catch (LinuxException closed) {
      assert low.isClosed() || nothing.isClosed() : closed;
    } finally {
      low.release();
    }
  }

  private void put(int number, int low) throws LinuxException {
    long result = kernel.raw(Call.DUP3, number, low, Kernel.O_CLOEXEC);
    Kernel.check(result, Call.DUP3, "descriptor " + number);
  }

  @Override
  public void close() {
    kept.forEach(Fd::close);
  }
}
