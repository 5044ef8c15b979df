package com.paiml.duende.ublk.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.ublk.control.Uapi;
import com.paiml.duende.ublk.ring.Syscalls;
import com.paiml.duende.ublk.targets.Called;
import com.paiml.duende.ublk.targets.MemoryTarget;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests as the kernel describes them, served from memory. */
class CalledServiceTest {
  private static final int DEPTH = 2;
  private static final int BUFFER = 8192;
  private static final long SIZE = 64 * 1024;

  @TempDir Path folder;

  private final List<Throwable> thrown = new ArrayList<>();

  private static void describe(
      MemorySegment descriptions, int tag, int operation, long offset, long length) {
    MemorySegment one = descriptions.asSlice(tag * Uapi.DESC_SIZE, Uapi.DESC_SIZE);
    one.set(ValueLayout.JAVA_INT, Uapi.DESC_OP_FLAGS, operation);
    one.set(ValueLayout.JAVA_INT, Uapi.DESC_SECTORS, (int) (length >> 9));
    one.set(ValueLayout.JAVA_LONG, Uapi.DESC_START, offset >> 9);
  }

  @Test
  void memory_holds_what_was_written_and_nothing_outside_of_it_is_touched() throws Exception {
    assumeTrue(Linux.detect() instanceof Linux.Here, "it maps its memory as Linux has it");
    Syscalls calls = new Syscalls(((Linux.Here) Linux.detect()).linux());
    try (Arena arena = Arena.ofConfined();
        Called backing = (Called) MemoryTarget.open(calls, folder.resolve("memory"), SIZE)) {
      MemoryTarget target = assertInstanceOf(MemoryTarget.class, backing.target());
      MemorySegment descriptions = arena.allocate(DEPTH * Uapi.DESC_SIZE, 8);
      MemorySegment buffers = arena.allocate((long) DEPTH * BUFFER, 4096);
      Requests requests = new Requests(descriptions, buffers, BUFFER, DEPTH);
      CalledService service = new CalledService(target, requests, null, thrown::add);

      MemorySegment sent = buffers.asSlice(0, BUFFER).fill((byte) 'x');
      describe(descriptions, 0, Uapi.IO_OP_WRITE, SIZE - BUFFER, 4096);
      assertEquals(4096, service.serve(0));
      describe(descriptions, 1, Uapi.IO_OP_READ, SIZE - BUFFER, BUFFER);
      assertEquals(BUFFER, service.serve(1));
      MemorySegment got = buffers.asSlice(BUFFER, BUFFER);
      assertEquals(4096, got.mismatch(sent), "as much as was written, and zeros after it");
      assertEquals(0, got.get(ValueLayout.JAVA_BYTE, BUFFER - 1));

      for (long[] wrong : new long[][] {{SIZE - 4096, BUFFER}, {SIZE, 512}, {0, 2 * BUFFER}}) {
        for (int operation : new int[] {Uapi.IO_OP_READ, Uapi.IO_OP_WRITE}) {
          thrown.clear();
          describe(descriptions, 0, operation, wrong[0], wrong[1]);
          assertEquals(-Errno.EIO.number(), service.serve(0));
          assertInstanceOf(IndexOutOfBoundsException.class, thrown.getFirst());
        }
      }
    }
  }
}
