package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Who has a successor, for the machine code that waits for events. Each slot has a key, that of the events of the child: the code
 * takes it by writing another there, and so does who drops it, so that exactly one of them has the successor.
 */
final class Succession {
  private static final int SLOTS = 4096;
  private static final long SLOT_SIZE = 16;
  private static final long SLOT_NEXT = 8;
  private static final long FREE = 0;
  private static final long TAKEN = -1;
  private static final VarHandle WORD = Layouts.LONG.varHandle();

  private final VforkCode code;
  private final MemorySegment slots = Arena.ofAuto().allocate(SLOT_SIZE * SLOTS, 16);
  private final MemorySegment turn = Arena.ofAuto().allocate(VforkCode.TURN_SIZE, 16);
  private final ConcurrentHashMap<Long, Armed> armed = new ConcurrentHashMap<>();
  // Guarded by itself.
  private final BitSet used = new BitSet();

  /** @param told on the loop's thread, when the code has had it */
  private record Armed(
      int slot, long key, Successor next, Fd process, Consumer<Successor.Result> told) {}

  Succession(VforkCode code) {
    this.code = code;
  }

  /** Has no effect on the code before the loop waits by {@link #await}. */
  boolean arm(
      long key,
      Successor next,
      Fd process,
      BitSet codes,
      BitSet signals,
      Path population,
      Consumer<Successor.Result> told) {
    int number;
    try {
      // It stays the child's as long as the code may ask for it.
      number = process.acquire();
    } catch (LinuxException closed) {
      // Its end was told while this was on its way.
      return false;
    }
    boolean done = false;
    int slot;
    try {
      long address = next.arm(number, codes, signals, population);
      synchronized (used) {
        slot = used.nextClearBit(0);
        if (slot == SLOTS) {
          return false;
        }
        used.set(slot);
      }
      slots.set(Layouts.LONG, SLOT_SIZE * slot + SLOT_NEXT, address);
      done = true;
    } finally {
      if (!done) {
        process.release();
      }
    }
    armed.put(key, new Armed(slot, key, next, process, told));
    WORD.setRelease(slots, SLOT_SIZE * slot, key);
    synchronized (used) {
      WORD.setRelease(turn, VforkCode.TURN_COUNT, (long) used.length());
    }
    return true;
  }

  /** @return false when the code has had it */
  boolean disarm(long key) {
    Armed one = armed.get(key);
    if (one == null) {
      return true;
    }
    if (!WORD.compareAndSet(slots, SLOT_SIZE * one.slot, key, FREE)) {
      return false;
    }
    release(one);
    return true;
  }

  void disarmAll() {
    for (long key : List.copyOf(armed.keySet())) {
      boolean _ = disarm(key);
    }
  }

  private void release(Armed one) {
    armed.remove(one.key);
    one.process.release();
    one.next.close();
    free(one.slot);
  }

  private void free(int slot) {
    synchronized (used) {
      used.clear(slot);
    }
  }

  /** As {@link VforkCode#turn}; for the loop's thread. */
  int await(int epoll, MemorySegment events, int most, long timeoutMillis) {
    return code.turn(turn, epoll, events, most, timeoutMillis, slots);
  }

  /**
   * For the loop's thread, for each event that it has got, before anything else.
   *
   * @return what has to be told; null when the code has not had that one
   */
  @Nullable Runnable taken(long key) {
    Armed one = armed.get(key);
    if (one == null || (long) WORD.getAcquire(slots, SLOT_SIZE * one.slot) != TAKEN) {
      return null;
    }
    Successor.Result result = one.next.result();
    // The slot stays taken until it is told: whoever would disarm it meanwhile comes too late.
    return () -> {
      try {
        one.told.accept(result);
      } finally {
        WORD.setRelease(slots, SLOT_SIZE * one.slot, FREE);
        release(one);
      }
    };
  }

  boolean isEmpty() {
    return armed.isEmpty();
  }
}
