package com.paiml.duende.adapter.wos.wasi;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.abi.Rights;
import com.paiml.duende.adapter.wos.fs.OpenFile;
import com.paiml.duende.adapter.wos.fs.WaitQueue;
import com.paiml.duende.adapter.wos.kernel.FdTable;
import com.paiml.duende.adapter.wos.kernel.Guest;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code poll_oneoff}: waits for time to pass or descriptors to be ready, without a CPU slot. */
final class PollCalls {

  private static final int SUBSCRIPTION_SIZE = 48;
  private static final int EVENT_SIZE = 32;
  private static final int MOST = 4096;
  private static final int ABSOLUTE = 1;
  private static final int HANGUP = 1;

  private PollCalls() {}

  static List<Call> all() {
    return List.of(Call.of("poll_oneoff", "iiii", PollCalls::poll));
  }

  private enum Kind {
    CLOCK(0),
    READ(1),
    WRITE(2);

    final int code;

    Kind(int code) {
      this.code = code;
    }

    static Kind of(int code) throws Fault {
      for (Kind kind : values()) {
        if (kind.code == code) {
          return kind;
        }
      }
      throw new Fault(Errno.INVAL);
    }
  }

  /** What is waited for: a moment, a file, or nothing but to be told of an error. */
  private record Subscription(
      long user, Kind kind, long until, Optional<OpenFile> file, Errno error) {

    boolean isDue(long now) {
      if (error != Errno.SUCCESS) {
        return true;
      }
      return switch (kind) {
        case CLOCK -> now - until >= 0;
        case READ -> file.map(OpenFile::readable).orElse(true);
        case WRITE -> file.map(OpenFile::writable).orElse(true);
      };
    }
  }

  private static void poll(WasmProcess process, Guest guest, long[] a) throws Fault {
    int count = (int) a[2];
    if (count <= 0 || count > MOST) {
      throw new Fault(Errno.INVAL);
    }
    List<Subscription> all = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      all.add(read(process, guest, (int) a[0] + i * SUBSCRIPTION_SIZE));
    }
    guest.check((int) a[1], count * EVENT_SIZE);
    if (waitFor(process, all) == WasmProcess.Pause.SIGNALLED) {
      throw new Fault(Errno.INTR);
    }
    long now = System.nanoTime();
    int events = 0;
    for (Subscription s : all) {
      if (s.isDue(now)) {
        guest.put((int) a[1] + events++ * EVENT_SIZE, event(s));
      }
    }
    guest.put32((int) a[3], events);
  }

  private static WasmProcess.Pause waitFor(WasmProcess process, List<Subscription> all) {
    List<WaitQueue> queues =
        all.stream().flatMap(s -> s.file().stream()).map(OpenFile::changes).toList();
    long until = Long.MAX_VALUE;
    for (Subscription s : all) {
      if (s.kind() == Kind.CLOCK && s.error() == Errno.SUCCESS) {
        until = Math.min(until, s.until());
      }
    }
    return process.pause(
        queues, () -> all.stream().anyMatch(s -> s.isDue(System.nanoTime())), until, true);
  }

  private static Subscription read(WasmProcess process, Guest guest, int at) throws Fault {
    long user = guest.i64(at);
    Kind kind = Kind.of(guest.u8(at + 8));
    if (kind == Kind.CLOCK) {
      return clock(process, guest, at, user);
    }
    try {
      FdTable.Descriptor fd =
          process.descriptors().get(guest.i32(at + 16), Rights.POLL_FD_READWRITE);
      return new Subscription(user, kind, 0, Optional.of(fd.file()), Errno.SUCCESS);
    } catch (Fault e) {
      return new Subscription(user, kind, 0, Optional.empty(), e.errno());
    }
  }

  private static Subscription clock(WasmProcess process, Guest guest, int at, long user)
      throws Fault {
    int clock = guest.i32(at + 16);
    long timeout = guest.i64(at + 24);
    boolean absolute = (guest.u16(at + 40) & ABSOLUTE) != 0;
    if (clock != ClockCalls.REALTIME && clock != ClockCalls.MONOTONIC) {
      return new Subscription(user, Kind.CLOCK, 0, Optional.empty(), Errno.INVAL);
    }
    long left = absolute ? Math.max(0, timeout - ClockCalls.time(process, clock)) : timeout;
    long now = System.nanoTime();
    // Times are unsigned: what looks negative is centuries away.
    long until = left < 0 || now + left < now ? Long.MAX_VALUE : now + left;
    return new Subscription(user, Kind.CLOCK, until, Optional.empty(), Errno.SUCCESS);
  }

  private static byte[] event(Subscription s) {
    boolean reading = s.kind() == Kind.READ;
    long available = s.file().map(file -> reading ? file.available() : 1L).orElse(0L);
    boolean hungUp = s.file().map(OpenFile::hungUp).orElse(false);
    return Guest.buffer(EVENT_SIZE)
        .putLong(0, s.user())
        .putShort(8, (short) s.error().code())
        .put(10, (byte) s.kind().code)
        .putLong(16, available)
        .putShort(24, (short) (hungUp ? HANGUP : 0))
        .array();
  }
}
