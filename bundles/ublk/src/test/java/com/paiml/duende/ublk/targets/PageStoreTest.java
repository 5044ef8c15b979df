package com.paiml.duende.ublk.targets;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.ublk.ring.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PageStoreTest {
  private static final int PAGES = 256;
  private final Path file = Path.of("/dev/shm", "duende-test-" + UUID.randomUUID());
  private Syscalls calls;

  @BeforeEach
  void on_linux() {
    assumeTrue(Linux.detect() instanceof Linux.Here, "the store is in /dev/shm of Linux");
    calls = new Syscalls(((Linux.Here) Linux.detect()).linux());
  }

  @AfterEach
  void nothing_is_left() throws Exception {
    Files.deleteIfExists(file);
  }

  private PageStore open(Algorithm algorithm, long limit) throws Exception {
    return PageStore.create(calls, file, algorithm, (long) PAGES * Pages.SIZE, limit);
  }

  /** Nothing, one value, text, half noise, or noise. */
  private static byte[] page(Random random) {
    byte[] page = new byte[Pages.SIZE];
    switch (random.nextInt(5)) {
      case 0 -> {}
      case 1 -> java.util.Arrays.fill(page, (byte) random.nextInt());
      case 2 -> {
        for (int i = 0; i < page.length; i++) {
          page[i] = (byte) ('a' + random.nextInt(1 + i % 20));
        }
      }
      case 3 -> {
        byte[] half = new byte[Pages.SIZE / 2];
        random.nextBytes(half);
        System.arraycopy(half, 0, page, 0, half.length);
      }
      default -> random.nextBytes(page);
    }
    return page;
  }

  private static byte[] read(PageStore store, int page, MemorySegment buffer) {
    assertEquals(0, store.read((long) page * Pages.SIZE, buffer));
    return buffer.toArray(ValueLayout.JAVA_BYTE);
  }

  @ParameterizedTest
  @EnumSource(Algorithm.class)
  void what_was_written_last_is_read_by_this_store_and_by_the_next(Algorithm algorithm)
      throws Exception {
    Random random = new Random(42);
    byte[][] expected = new byte[PAGES][Pages.SIZE];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(Pages.SIZE, 4096);
      for (int life = 0; life < 3; life++) {
        try (PageStore store = open(algorithm, 0)) {
          for (int i = 0; i < PAGES; i++) {
            assertArrayEquals(expected[i], read(store, i, buffer), "page " + i);
          }
          for (int i = 0; i < 20 * PAGES; i++) {
            int page = random.nextInt(PAGES);
            if (random.nextInt(10) == 0) {
              assertEquals(0, store.discard((long) page * Pages.SIZE, Pages.SIZE));
              expected[page] = new byte[Pages.SIZE];
            } else {
              expected[page] = page(random);
              MemorySegment.copy(MemorySegment.ofArray(expected[page]), 0, buffer, 0, Pages.SIZE);
              assertEquals(0, store.write((long) page * Pages.SIZE, buffer));
            }
          }
          for (int i = 0; i < PAGES; i++) {
            assertArrayEquals(expected[i], read(store, i, buffer), "page " + i);
          }
        }
      }
    }
  }

  @Test
  void every_page_can_be_noise_again_and_again_without_the_store_running_full() throws Exception {
    Random random = new Random(7);
    try (Arena arena = Arena.ofConfined();
        PageStore store = open(Algorithm.LZ4, 0)) {
      MemorySegment buffer = arena.allocate(Pages.SIZE, 4096);
      byte[] noise = new byte[Pages.SIZE];
      for (int round = 0; round < 4; round++) {
        for (int i = 0; i < PAGES; i++) {
          random.nextBytes(noise);
          // In every other round half of it, so that chains of other lengths come and go.
          buffer.fill((byte) 0);
          int bytes = round % 2 == 0 ? Pages.SIZE : 100 + random.nextInt(3000);
          MemorySegment.copy(MemorySegment.ofArray(noise), 0, buffer, 0, bytes);
          assertEquals(0, store.write((long) i * Pages.SIZE, buffer));
        }
      }
      assertEquals((long) PAGES * Pages.SIZE, store.statistics().originalBytes());
    }
  }

  @Test
  void pages_of_one_value_take_no_unit_and_noise_is_kept_as_it_is() throws Exception {
    try (Arena arena = Arena.ofConfined();
        PageStore store = open(Algorithm.LZ4, 0)) {
      MemorySegment buffer = arena.allocate(Pages.SIZE, 4096);
      buffer.fill((byte) 7);
      assertEquals(0, store.write(0, buffer));
      assertEquals(0, store.statistics().memoryUsed());
      assertEquals(1, store.statistics().samePages());
      byte[] noise = new byte[Pages.SIZE];
      new Random(1).nextBytes(noise);
      MemorySegment.copy(MemorySegment.ofArray(noise), 0, buffer, 0, Pages.SIZE);
      assertEquals(0, store.write(Pages.SIZE, buffer));
      assertEquals(1, store.statistics().hugePages());
      assertEquals(0, store.discard(0, 2 * Pages.SIZE));
      assertEquals(0, store.statistics().originalBytes());
      assertEquals(0, store.statistics().memoryUsed());
    }
  }

  @Test
  void a_full_store_says_so_and_keeps_what_it_has() throws Exception {
    Random random = new Random(3);
    byte[] noise = new byte[Pages.SIZE];
    try (Arena arena = Arena.ofConfined();
        PageStore store = open(Algorithm.LZ4, 64 << 10)) {
      MemorySegment buffer = arena.allocate(Pages.SIZE, 4096);
      int taken = 0;
      int result = 0;
      byte[] first = null;
      for (int i = 0; i < PAGES && result == 0; i++) {
        random.nextBytes(noise);
        first = first == null ? noise.clone() : first;
        MemorySegment.copy(MemorySegment.ofArray(noise), 0, buffer, 0, Pages.SIZE);
        result = store.write((long) i * Pages.SIZE, buffer);
        taken += result == 0 ? 1 : 0;
      }
      assertEquals(-Errno.ENOSPC.number(), result);
      assertEquals(15, taken);
      assertArrayEquals(first, read(store, 0, buffer));
    }
  }
}
