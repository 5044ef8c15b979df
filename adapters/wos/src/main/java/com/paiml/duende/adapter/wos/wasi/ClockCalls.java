package com.paiml.duende.adapter.wos.wasi;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import java.time.Instant;
import java.util.List;

/** Clocks. */
final class ClockCalls {

  static final int REALTIME = 0;
  static final int MONOTONIC = 1;
  private static final int PROCESS_CPU = 2;
  private static final int THREAD_CPU = 3;
  private static final long NANOS_PER_SECOND = 1_000_000_000L;
  private static final long REALTIME_RESOLUTION = 1_000;

  private ClockCalls() {}

  static List<Call> all() {
    return List.of(
        Call.of("clock_res_get", "ii", (p, g, a) -> g.put64((int) a[1], resolution((int) a[0]))),
        Call.of("clock_time_get", "ili", (p, g, a) -> g.put64((int) a[2], time(p, (int) a[0]))));
  }

  private static long resolution(int clock) throws Fault {
    return switch (clock) {
      case REALTIME -> REALTIME_RESOLUTION;
      case MONOTONIC, PROCESS_CPU, THREAD_CPU -> 1;
      default -> throw new Fault(Errno.INVAL);
    };
  }

  static long time(WasmProcess process, int clock) throws Fault {
    return switch (clock) {
      case REALTIME -> realtime();
      case MONOTONIC -> System.nanoTime();
      case PROCESS_CPU, THREAD_CPU -> process.cpu();
      default -> throw new Fault(Errno.INVAL);
    };
  }

  static long realtime() {
    Instant now = Instant.now();
    return now.getEpochSecond() * NANOS_PER_SECOND + now.getNano();
  }
}
