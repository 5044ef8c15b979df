package com.paiml.duende.adapter.wos.bench;

import com.paiml.duende.adapter.wos.Modules;
import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.kernel.ExitStatus;
import com.paiml.duende.adapter.wos.kernel.Machine;
import com.paiml.duende.adapter.wos.kernel.SessionSpec;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One JVM of {@link Price}: runs a module again and again and prints the median of its CPU time, in nanoseconds. A JVM of
 * its own, because what the JIT makes of a module differs more from JVM to JVM than with and without the check.
 */
final class PriceFork {

  private static final int WARM_UP = 5;
  private static final int RUNS = 9;

  private PriceFork() {}

  /** Arguments: "checked" or "unchecked", the module, and what it is given as arguments. */
  public static void main(String[] words) throws Exception {
    String module = words[1];
    String[] args = Arrays.copyOfRange(words, 1, words.length);
    long[] nanos = new long[RUNS];
    try (Machine m = new Machine(1)) {
      Image image = m.image(module);
      if (words[0].equals("unchecked")) {
        image = Unchecked.of(image, Modules.bytes(module));
      }
      for (int i = -WARM_UP; i < RUNS; i++) {
        nanos[Math.max(i, 0)] = run(m, image, args);
      }
    }
    Arrays.sort(nanos);
    System.out.println(Price.RESULT + nanos[RUNS / 2]);
  }

  /** CPU time of the process's thread until it prints its result, by the operating system's account. */
  private static long run(Machine m, Image image, String[] args) throws Exception {
    AtomicLong cpu = new AtomicLong();
    SessionSpec spec =
        SessionSpec.of(args[0])
            .args(args)
            .output(
                (data, from, n) ->
                    cpu.set(ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime()));
    ExitStatus status = m.kernel.start(spec, image).await(Machine.PATIENCE);
    if (!status.equals(new ExitStatus.Exited(0)) || cpu.get() == 0) {
      throw new IllegalStateException(args[0] + ": " + status);
    }
    return cpu.get();
  }
}
