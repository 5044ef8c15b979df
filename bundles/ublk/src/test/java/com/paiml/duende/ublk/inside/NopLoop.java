package com.paiml.duende.ublk.inside;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.ublk.control.Uapi;
import com.paiml.duende.ublk.ring.Ring;
import com.paiml.duende.ublk.ring.Syscalls;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The loop of a queue on entries that do nothing, so that it runs on a kernel without ublk: what is left is the price of the
 * loop itself, the same one that {@code rival.c} pays in C. Reads "batch copy millis" from standard input, answers with the
 * nanoseconds for each entry.
 */
public final class NopLoop {
  private static final int DISK = 64 << 20;
  private static final int PAGE = 4096;
  private static final int MAX_BATCH = 64;

  private final Ring ring;
  private final MemorySegment entries;
  private final MemorySegment disk;
  private final MemorySegment[] buffers;
  private final int batch;
  private final int copy;
  private int random = 1;

  private NopLoop(Syscalls calls, MemorySegment disk, MemorySegment all, int batch, int copy)
      throws LinuxException {
    this.ring = Ring.open(calls, batch, false);
    this.entries = ring.entries();
    this.disk = disk;
    this.batch = batch;
    this.copy = copy;
    this.buffers = new MemorySegment[batch];
    for (int tag = 0; tag < batch; tag++) {
      buffers[tag] = all.asSlice((long) tag * PAGE, PAGE);
      MemorySegment _ = entries.asSlice(ring.entry(tag), 64).fill((byte) 0);
      entries.set(ValueLayout.JAVA_LONG, ring.entry(tag) + Uapi.SQE_USER_DATA, tag);
      ring.push(tag);
    }
  }

  public static void main(String[] words) throws IOException, LinuxException {
    Syscalls calls = new Syscalls(((Linux.Here) Linux.detect()).linux());
    MemorySegment disk = calls.memory(DISK);
    MemorySegment buffers = calls.memory((long) MAX_BATCH * PAGE);
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line; (line = lines.readLine()) != null; ) {
        String[] asked = line.split(" ");
        NopLoop loop =
            new NopLoop(
                calls, disk, buffers, Integer.parseInt(asked[0]), Integer.parseInt(asked[1]));
        double nanos = loop.run(Long.parseLong(asked[2]) * 1_000_000);
        loop.ring.close();
        System.out.println(String.format(Locale.ROOT, "%.1f", nanos));
      }
    }
  }

  private double run(long most) {
    long done = 0;
    long begin = System.nanoTime();
    do {
      for (int turn = 0; turn < 100; turn++) {
        int result = ring.enter(batch);
        if (result < 0) {
          throw new IllegalStateException("io_uring_enter: " + result);
        }
        done += reap();
      }
    } while (System.nanoTime() - begin < most);
    return (double) (System.nanoTime() - begin) / done;
  }

  private int reap() {
    int head = ring.head();
    int first = head;
    int end = ring.completed();
    for (; head != end; head++) {
      int tag = (int) ring.data(head);
      if (copy != 0) {
        random = random * 1103515245 + 12345;
        MemorySegment.copy(
            disk, ((random >>> 8) & 16383) * (long) PAGE, buffers[tag], 0, buffers[tag].byteSize());
      }
      entries.set(ValueLayout.JAVA_INT, ring.entry(tag) + Uapi.IO_RESULT, PAGE);
      ring.push(tag);
    }
    ring.consume(head);
    return head - first;
  }
}
