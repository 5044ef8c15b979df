package com.paiml.duende.spi;

import com.paiml.duende.api.DaemonException;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** A tracing in progress; ends with {@link #close()}. */
@ConsumerType
public interface TraceSession extends AutoCloseable {
  /** How it is done, and what it costs, for people. */
  String method();

  /** Sums since it began. */
  List<SyscallStats> statistics() throws DaemonException;

  /** The events since the last call, at most so many. */
  List<SyscallEvent> events(int max, Deadline deadline) throws DaemonException;

  /** Events that were lost. */
  long lost();

  /** Fraction of the daemon's time that watching cost so far, estimated. */
  double cost();

  @Override
  void close();

  /**
   * @param name system call
   * @param count how often
   * @param errors how often it failed; below 0 where that is not known, because calls were only counted
   * @param totalNanos time in it; likewise
   * @param maxNanos slowest; likewise
   */
  record SyscallStats(String name, long count, long errors, long totalNanos, long maxNanos) {
    /** In place of what is not known. */
    public static final long UNKNOWN = -1;

    /** Calls that were only counted. */
    public static SyscallStats counted(String name, long count) {
      return new SyscallStats(name, count, UNKNOWN, UNKNOWN, UNKNOWN);
    }

    /** Whether errors and times are known. */
    public boolean isTimed() {
      return totalNanos >= 0;
    }
  }

  /**
   * @param nanoTime monotonic time of its end
   * @param tid thread
   * @param name system call
   * @param arguments decoded where known
   * @param result value, or negative errno
   * @param tookNanos time in it
   * @param stack frames, innermost first, with file and line where known
   */
  record SyscallEvent(
      long nanoTime,
      long tid,
      String name,
      String arguments,
      long result,
      long tookNanos,
      List<String> stack) {}
}
