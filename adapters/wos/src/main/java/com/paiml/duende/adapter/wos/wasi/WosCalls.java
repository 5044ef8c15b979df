package com.paiml.duende.adapter.wos.wasi;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.fs.OpenFile;
import com.paiml.duende.adapter.wos.fs.Pipe;
import com.paiml.duende.adapter.wos.kernel.Guest;
import com.paiml.duende.adapter.wos.kernel.Kernel;
import com.paiml.duende.adapter.wos.kernel.SessionEvents;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import com.paiml.duende.adapter.wos.sched.Priority;
import com.paiml.duende.api.Signal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The import module {@code wos}. Every function returns an error number of WASI. {@code docs/wos.md} and
 * {@code examples/wos.h} describe them for those who write modules.
 */
final class WosCalls {

  private static final int LONGEST_TEXT = 4096;
  private static final int LONGEST_ARGUMENTS = 65536;
  private static final int MOST_ARGUMENTS = 1024;
  private static final int NO_HANG = 1;
  private static final int INHERIT = -1;

  private WosCalls() {}

  static List<Call> all() {
    return List.of(
        Call.of("getpid", "i", (p, g, a) -> g.put32((int) a[0], p.pid())),
        Call.of("getppid", "i", (p, g, a) -> g.put32((int) a[0], p.parent())),
        Call.of("signal_take", "i", WosCalls::signalTake),
        Call.of("kill", "ii", WosCalls::kill),
        Call.of("nice", "ii", WosCalls::nice),
        Call.of("spawn", "iiii", WosCalls::spawn),
        Call.of("wait", "iiii", WosCalls::waitFor),
        Call.of("pipe", "i", WosCalls::pipe),
        Call.of("queue_open", "iii", WosCalls::queueOpen),
        Call.of("ready", "", (p, g, a) -> told(p).ready()),
        Call.of("heartbeat", "", (p, g, a) -> told(p).heartbeat()),
        Call.of("status", "ii", (p, g, a) -> told(p).status(text(g, a[0], a[1]))),
        Call.of("health", "iii", WosCalls::health),
        Call.of("metric", "iiid", WosCalls::metric));
  }

  /** What is told to the manager is told at a pace that it can follow. */
  private static SessionEvents told(WasmProcess process) {
    process.session().pace(process);
    return process.session().spec().events();
  }

  private static String text(Guest guest, long at, long length) throws Fault {
    if (Integer.compareUnsigned((int) length, LONGEST_TEXT) > 0) {
      throw new Fault(Errno.NAMETOOLONG);
    }
    return guest.text((int) at, (int) length);
  }

  /** The next signal that waits, or 0. A module that imports this is never ended by a signal that can be caught. */
  private static void signalTake(WasmProcess process, Guest guest, long[] a) throws Fault {
    guest.put32((int) a[0], process.takeSignal().map(Signal::number).orElse(0));
  }

  /** A process may signal those of its own session, itself included. */
  private static void kill(WasmProcess process, Guest guest, long[] a) throws Fault {
    Signal signal = Signal.of((int) a[1]).orElseThrow(() -> new Fault(Errno.INVAL));
    ofSession(process, (int) a[0]).signal(signal);
  }

  private static WasmProcess ofSession(WasmProcess process, int pid) throws Fault {
    if (pid == 0) {
      return process;
    }
    return process
        .kernel()
        .process(pid)
        .filter(p -> p.session() == process.session() && p.status().isEmpty())
        .orElseThrow(() -> new Fault(Errno.SRCH));
  }

  /** A process may make those of its session less urgent, not more urgent than the session was started with. */
  private static void nice(WasmProcess process, Guest guest, long[] a) throws Fault {
    int level = (int) a[1];
    if (level < 0 || level >= Priority.LEVELS) {
      throw new Fault(Errno.INVAL);
    }
    WasmProcess target = ofSession(process, (int) a[0]);
    if (level < process.session().spec().priority().level()) {
      throw new Fault(Errno.PERM);
    }
    target.nice(Priority.of(level));
  }

  /** Arguments, separated by NUL, the first a module below a preopened directory; or empty, for this module again. */
  private static void spawn(WasmProcess process, Guest guest, long[] a) throws Fault {
    if (Integer.compareUnsigned((int) a[1], LONGEST_ARGUMENTS) > 0) {
      throw new Fault(Errno.INVAL);
    }
    List<String> args = List.of(guest.text((int) a[0], (int) a[1]).split("\0", -1));
    List<String> given =
        args.getLast().isEmpty() && args.size() > 1 ? args.subList(0, args.size() - 1) : args;
    if (given.size() > MOST_ARGUMENTS) {
      throw new Fault(Errno.INVAL);
    }
    Image image =
        given.getFirst().isEmpty() ? process.image() : ModuleFiles.load(process, given.getFirst());
    List<String> all = new ArrayList<>(given);
    if (given.getFirst().isEmpty()) {
      all.set(0, process.args().getFirst());
    }
    WasmProcess child =
        process.kernel().fork(process, image, all, streams(process, guest, (int) a[2]));
    guest.put32((int) a[3], child.pid());
  }

  private static List<OpenFile> streams(WasmProcess process, Guest guest, int at) throws Fault {
    List<OpenFile> streams = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      int fd = at == 0 ? INHERIT : guest.i32(at + i * Integer.BYTES);
      streams.add(process.descriptors().get(fd == INHERIT ? i : fd).file());
    }
    return streams;
  }

  private static void waitFor(WasmProcess process, Guest guest, long[] a) throws Fault {
    int pid = (int) a[0];
    Kernel kernel = process.kernel();
    if (((int) a[1] & NO_HANG) != 0) {
      Optional<Kernel.Reaped> dead = kernel.reapChild(process, pid);
      put(
          guest,
          a,
          dead.map(Kernel.Reaped::pid).orElse(0),
          dead.map(d -> d.status().encoded()).orElse(0));
    } else {
      Kernel.Reaped dead = kernel.waitChild(process, pid);
      put(guest, a, dead.pid(), dead.status().encoded());
    }
  }

  private static void put(Guest guest, long[] a, int pid, int status) throws Fault {
    guest.put32((int) a[2], pid);
    guest.put32((int) a[3], status);
  }

  private static void pipe(WasmProcess process, Guest guest, long[] a) throws Fault {
    guest.check((int) a[0], 2 * Integer.BYTES);
    Pipe pipe = Pipe.within(process.session().allowance().memory());
    int reader;
    try {
      reader = process.descriptors().add(pipe.reader, pipe.reader.rights(), 0);
    } catch (Fault e) {
      pipe.writer.release();
      throw e;
    }
    try {
      int writer = process.descriptors().add(pipe.writer, pipe.writer.rights(), 0);
      guest.put32((int) a[0], reader);
      guest.put32((int) a[0] + Integer.BYTES, writer);
    } catch (Fault e) {
      process.descriptors().close(reader);
      throw e;
    }
  }

  private static void queueOpen(WasmProcess process, Guest guest, long[] a) throws Fault {
    guest.check((int) a[2], Integer.BYTES);
    OpenFile queue =
        process.session().queue(text(guest, a[0], a[1])).orElseThrow(() -> new Fault(Errno.NFILE));
    guest.put32((int) a[2], process.descriptors().add(queue, queue.rights(), 0));
  }

  private static void health(WasmProcess process, Guest guest, long[] a) throws Fault {
    int score = (int) a[0];
    if (score < 0 || score > 5) {
      throw new Fault(Errno.INVAL);
    }
    told(process).health(score, text(guest, a[1], a[2]));
  }

  private static void metric(WasmProcess process, Guest guest, long[] a) throws Fault {
    SessionEvents.MetricKind kind =
        switch ((int) a[2]) {
          case 0 -> SessionEvents.MetricKind.COUNTER;
          case 1 -> SessionEvents.MetricKind.GAUGE;
          case 2 -> SessionEvents.MetricKind.DURATION;
          default -> throw new Fault(Errno.INVAL);
        };
    double value = Double.longBitsToDouble(a[3]);
    if (!Double.isFinite(value)) {
      throw new Fault(Errno.INVAL);
    }
    process.session().spec().events().metric(text(guest, a[0], a[1]), kind, value);
  }
}
