package com.paiml.duende.bench;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.ublk.control.Uapi;
import com.paiml.duende.ublk.ring.Copier;
import com.paiml.duende.ublk.ring.Raw;
import com.paiml.duende.ublk.ring.Ring;
import com.paiml.duende.ublk.ring.Syscalls;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Objects;

/**
 * The loop of a queue of {@code ublk} on entries that do nothing, so that it runs on a kernel without ublk: what is left is the
 * price of the loop itself, the same one that {@code ringloop.c} pays in C. Reads "batch copy millis" from standard input,
 * answers with the nanoseconds for each entry. Its argument is the file that both have for memory.
 */
public final class RingLoop {
  /** Bytes of the file that are copied from. */
  static final long DISK = 64 << 20;

  /** Bytes of the file: after the disk, a page for each entry to copy to. */
  static final long FILE = DISK + 64 * 4096;

  private static final int PAGE = 4096;

  private final Ring ring;
  private final Copier copier;
  private final long disk;
  private final long buffers;
  private final int batch;
  private final int copy;
  private int random = 1;

  private RingLoop(Syscalls calls, MemorySegment memory, int batch, int copy)
      throws LinuxException {
    this.ring = Ring.open(calls, batch, false);
    this.copier = new Copier(calls);
    this.disk = memory.address();
    this.buffers = disk + DISK;
    this.batch = batch;
    this.copy = copy;
    MemorySegment entries = ring.entries();
    for (int tag = 0; tag < batch; tag++) {
      MemorySegment _ = entries.asSlice(ring.entry(tag), 64).fill((byte) 0);
      entries.set(ValueLayout.JAVA_LONG, ring.entry(tag) + Uapi.SQE_USER_DATA, tag);
      ring.push(tag);
    }
  }

  public static void main(String[] words) throws IOException, LinuxException {
    Syscalls calls = new Syscalls(((Linux.Here) Linux.detect()).linux());
    calls.link();
    try (Descriptor file = calls.open(words[0], Syscalls.O_RDWR);
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      MemorySegment memory =
          calls.map(
              FILE,
              Syscalls.PROT_READ | Syscalls.PROT_WRITE,
              Syscalls.MAP_SHARED | Syscalls.MAP_POPULATE,
              file.number(),
              0);
      for (String line; (line = lines.readLine()) != null; ) {
        String[] asked = line.split(" ");
        RingLoop loop =
            new RingLoop(calls, memory, Integer.parseInt(asked[0]), Integer.parseInt(asked[1]));
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
        long from = ((random >>> 8) & 16383) * (long) PAGE;
        copier.copy(
            disk + Objects.checkFromIndexSize(from, copy, DISK), buffers + (long) tag * PAGE, copy);
      }
      Raw.setInt(ring.entryAddress(tag) + Uapi.IO_RESULT, PAGE);
      ring.push(tag);
    }
    ring.consume(head);
    return head - first;
  }
}
