package com.paiml.duende.adapter.wos.wasi;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.kernel.Guest;
import com.paiml.duende.adapter.wos.kernel.ProcessExit;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import com.paiml.duende.api.Signal;
import java.util.List;
import java.util.Map;

/** Arguments, environment, end, random numbers. */
final class ProcessCalls {

  private static final int MOST_RANDOM = 1 << 18;

  /** {@code $signal} of preview 1 for those that there are here. */
  private static final Map<Integer, Signal> SIGNALS =
      Map.of(
          1,
          Signal.HUP,
          2,
          Signal.INT,
          3,
          Signal.QUIT,
          9,
          Signal.KILL,
          10,
          Signal.USR1,
          12,
          Signal.USR2,
          15,
          Signal.TERM,
          17,
          Signal.CONT,
          18,
          Signal.STOP);

  private ProcessCalls() {}

  static List<Call> all() {
    return List.of(
        Call.of("args_get", "ii", (p, g, a) -> texts(g, p.args(), (int) a[0], (int) a[1])),
        Call.of("args_sizes_get", "ii", (p, g, a) -> sizes(g, p.args(), (int) a[0], (int) a[1])),
        Call.of(
            "environ_get",
            "ii",
            (p, g, a) -> texts(g, p.session().spec().env(), (int) a[0], (int) a[1])),
        Call.of(
            "environ_sizes_get",
            "ii",
            (p, g, a) -> sizes(g, p.session().spec().env(), (int) a[0], (int) a[1])),
        new Call("proc_exit", "i", false, ProcessCalls::exit),
        Call.of("proc_raise", "i", ProcessCalls::raise),
        Call.of("sched_yield", "", (p, g, a) -> p.giveWay()),
        Call.of("random_get", "ii", ProcessCalls::random));
  }

  private static void texts(Guest guest, List<String> texts, int pointers, int buffer)
      throws Fault {
    int pointer = pointers;
    int at = buffer;
    for (String text : texts) {
      byte[] bytes = Guest.encode(text + "\0");
      guest.put32(pointer, at);
      guest.put(at, bytes);
      pointer += Integer.BYTES;
      at += bytes.length;
    }
  }

  private static void sizes(Guest guest, List<String> texts, int count, int size) throws Fault {
    guest.put32(count, texts.size());
    guest.put32(size, texts.stream().mapToInt(t -> Guest.encode(t).length + 1).sum());
  }

  private static void exit(WasmProcess process, Guest guest, long[] a) {
    throw new ProcessExit((int) a[0]);
  }

  private static void raise(WasmProcess process, Guest guest, long[] a) throws Fault {
    Signal signal = SIGNALS.get((int) a[0]);
    if (signal == null) {
      throw new Fault(Errno.INVAL);
    }
    process.signal(signal);
  }

  private static void random(WasmProcess process, Guest guest, long[] a) throws Fault {
    int at = (int) a[0];
    int length = (int) a[1];
    guest.check(at, length);
    for (int done = 0; done < length; done += MOST_RANDOM) {
      process.breathe();
      guest.put(at + done, process.session().random(Math.min(MOST_RANDOM, length - done)));
    }
  }
}
