package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.NextWrites;
import com.paiml.duende.linux.event.Readiness;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** inotify(7). */
final class InotifyWrites implements NextWrites {
  // sys/inotify.h
  static final int IN_MODIFY = 0x2;
  static final int IN_DELETE_SELF = 0x400;
  static final int IN_MOVE_SELF = 0x800;
  static final int IN_Q_OVERFLOW = 0x4000;
  static final int IN_ONESHOT = 0x80000000;
  static final int EVENT_MASK = 4;
  static final int EVENT_LEN = 12;
  static final int EVENT_SIZE = 16;

  private static final int ROOM = 4096;

  private final Kernel kernel;
  private final Fd inotify;
  private final byte[] events = new byte[ROOM];
  // Guarded by itself. Held while a watch is made: its event may be read before its number is
  // known.
  private final Map<Integer, Runnable> awaited = new HashMap<>();
  private @Nullable Watch watch;

  private InotifyWrites(Kernel kernel, Fd inotify) {
    this.kernel = kernel;
    this.inotify = inotify;
  }

  static InotifyWrites create(Kernel kernel, EventLoop loop) throws LinuxException {
    // The flags are those of open(2).
    long fd = kernel.raw(Call.INOTIFY_INIT1, Kernel.O_CLOEXEC | Kernel.O_NONBLOCK);
    Fd inotify = new Fd(kernel, (int) Kernel.check(fd, Call.INOTIFY_INIT1, "the next writes"));
    InotifyWrites writes = new InotifyWrites(kernel, inotify);
    try {
      writes.watch = loop.watch("the next writes", inotify, Readiness.IN, ready -> writes.read());
      return writes;
    } catch (LinuxException refused) {
      inotify.close();
      throw refused;
    }
  }

  @Override
  public boolean await(Path file, Runnable then) {
    synchronized (awaited) {
      try (Arena arena = Arena.ofConfined()) {
        long path = Kernel.cString(arena, file.toString()).address();
        long what = Integer.toUnsignedLong(IN_MODIFY | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONESHOT);
        long number = inotify.use(n -> kernel.raw(Call.INOTIFY_ADD_WATCH, n, path, what));
        if (number < 0) {
          return false;
        }
        Runnable _ = awaited.put((int) number, then);
        return true;
      } catch (LinuxException closed) {
        return false;
      }
    }
  }

  /** All that has happened. */
  private void read() throws LinuxException {
    int got = inotify.read(events, 0, ROOM);
    List<Runnable> told = new ArrayList<>();
    synchronized (awaited) {
      ByteBuffer each = ByteBuffer.wrap(events).order(ByteOrder.nativeOrder());
      for (int at = 0; at + EVENT_SIZE <= got; at += EVENT_SIZE + each.getInt(at + EVENT_LEN)) {
        if ((each.getInt(at + EVENT_MASK) & IN_Q_OVERFLOW) != 0) {
          told.addAll(awaited.values());
          awaited.clear();
        } else {
          Runnable then = awaited.remove(each.getInt(at));
          if (then != null) {
            told.add(then);
          }
        }
      }
    }
    told.forEach(Runnable::run);
  }

  @Override
  public void close() {
    Watch last = watch;
    if (last != null) {
      last.close();
    }
    inotify.close();
    synchronized (awaited) {
      awaited.clear();
    }
  }
}
