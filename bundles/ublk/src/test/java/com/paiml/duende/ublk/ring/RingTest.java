package com.paiml.duende.ublk.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A ring on this machine's own kernel, with entries that do nothing. */
class RingTest {
  private static final int ENTRIES = 4;

  /** linux/io_uring.h: struct io_uring_sqe. */
  private static final long USER_DATA = 32;

  private Syscalls calls;

  @BeforeEach
  void needs_linux() {
    assumeTrue(Linux.detect() instanceof Linux.Here, "io_uring is Linux's");
    calls = new Syscalls(((Linux.Here) Linux.detect()).linux());
  }

  private void link(boolean linked) {
    if (linked) {
      calls.link();
    }
  }

  private Ring open() throws LinuxException {
    try {
      return Ring.open(calls, ENTRIES, false);
    } catch (LinuxException refused) {
      abort("io_uring cannot be used here: " + refused.getMessage());
      throw refused;
    }
  }

  private static void nothing(Ring ring, int index) {
    MemorySegment _ = ring.entries().asSlice(ring.entry(index), 64).fill((byte) 0);
    ring.entries().set(ValueLayout.JAVA_LONG, ring.entry(index) + USER_DATA, 100L + index);
    ring.push(index);
  }

  @Test
  void what_is_handed_over_is_completed_in_order_again_and_again() throws Exception {
    try (Ring ring = open()) {
      for (int turn = 0; turn < 6; turn++) {
        if (turn == 3) {
          calls.link();
        }
        for (int i = 0; i < ENTRIES; i++) {
          nothing(ring, i);
        }
        assertEquals(0, ring.enter(ENTRIES));
        int head = ring.head();
        assertEquals(ENTRIES, ring.completed() - head);
        for (int i = 0; i < ENTRIES; i++) {
          assertEquals(100L + i, ring.data(head + i));
          assertEquals(0, ring.result(head + i));
        }
        ring.consume(head + ENTRIES);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_wait_with_a_limit_ends_without_a_completion(boolean linked) throws Exception {
    link(linked);
    try (Ring ring = open()) {
      assertEquals(0, ring.enter(Duration.ofMillis(20)));
      assertEquals(ring.head(), ring.completed());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_copy_takes_what_it_was_told_and_no_byte_beside_it(boolean linked) {
    link(linked);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = arena.allocate(3 * 4096, 4096);
      for (int i = 0; i < from.byteSize(); i++) {
        from.set(ValueLayout.JAVA_BYTE, i, (byte) (i % 251 + 1));
      }
      MemorySegment to = arena.allocate(3 * 4096, 4096);
      new Copier(calls).copy(from.address() + 7, to.address() + 4096, 4097);
      assertEquals(-1, from.asSlice(7, 4097).mismatch(to.asSlice(4096, 4097)));
      assertEquals(-1, to.asSlice(0, 4096).mismatch(arena.allocate(4096)));
      MemorySegment rest = to.asSlice(4096 + 4097);
      assertEquals(-1, rest.mismatch(arena.allocate(rest.byteSize())));
    }
  }

  /** Where errno is asked for only when a call has failed, the number has to be the one of this failure. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_refusal_is_told_by_its_number_and_what_was_not_taken_stays_queued(boolean linked)
      throws Exception {
    link(linked);
    List<Path> before = rings();
    try (Ring ring = open();
        Descriptor other = calls.open("/dev/null", Syscalls.O_RDWR)) {
      List<Path> after = rings();
      after.removeIf(before::contains);
      assertEquals(1, after.size(), after.toString());
      int number = Integer.parseInt(after.getFirst().getFileName().toString());
      long kept = Syscalls.check(calls.call("dup", number, 0, 0), "dup", "ring");
      nothing(ring, 0);
      long _ = Syscalls.check(calls.call("dup3", other.number(), number, 0), "dup3", "ring");
      assertEquals(-Errno.EOPNOTSUPP.number(), ring.enter(1));
      assertEquals(-Errno.EOPNOTSUPP.number(), ring.enter(Duration.ofSeconds(1)));
      long _ = Syscalls.check(calls.call("dup3", kept, number, 0), "dup3", "ring");
      long _ = Syscalls.check(calls.call("close", kept, 0, 0), "close", "ring");
      assertEquals(0, ring.enter(1));
      assertEquals(100L, ring.data(ring.head()));
    }
  }

  private static List<Path> rings() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return new ArrayList<>(open.filter(RingTest::isRing).toList());
    }
  }

  private static boolean isRing(Path link) {
    try {
      return Files.readSymbolicLink(link).toString().contains("io_uring");
    } catch (IOException closed) {
      return false; // the one that the listing itself had open
    }
  }
}
