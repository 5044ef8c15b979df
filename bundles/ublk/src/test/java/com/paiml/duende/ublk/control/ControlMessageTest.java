package com.paiml.duende.ublk.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ControlMessageTest {
  private static final byte[] CARRIED = {11, 12, 13, 14, 15, 16, 17, 18};

  /** What the kernel finds: an entry of a ring that was used before, and the buffer. */
  private record Written(MemorySegment entry, MemorySegment exchange, MemorySegment carried) {
    static Written of(Arena arena, ControlMessage message) {
      MemorySegment entry = arena.allocate(128, 8).fill((byte) 0xee);
      MemorySegment exchange = arena.allocate(Math.max(8, message.size()), 8);
      MemorySegment carried = arena.allocate(8, 8).copyFrom(MemorySegment.ofArray(CARRIED));
      message.fill(entry, 77, exchange, message.length() == 0 ? MemorySegment.NULL : carried);
      return new Written(entry, exchange, carried);
    }

    int word(long offset) {
      return entry.get(ValueLayout.JAVA_INT, offset);
    }

    int half(long offset) {
      return Short.toUnsignedInt(entry.get(ValueLayout.JAVA_SHORT, offset));
    }

    long quad(long offset) {
      return entry.get(ValueLayout.JAVA_LONG, offset);
    }
  }

  @Test
  void a_plain_command_points_to_what_it_carries_and_names_no_file() {
    try (Arena arena = Arena.ofConfined()) {
      Written written = Written.of(arena, new ControlMessage(Uapi.SET_PARAMS, 5, 8, 42, false));
      assertEquals(Uapi.IORING_OP_URING_CMD, written.entry().get(ValueLayout.JAVA_BYTE, 0));
      assertEquals(77, written.word(4));
      assertEquals(0xC0207508, written.word(8));
      assertEquals(5, written.word(48));
      assertEquals(0xffff, written.half(52));
      assertEquals(8, written.half(54));
      assertEquals(written.exchange().address(), written.quad(56));
      assertEquals(42, written.quad(64));
      assertEquals(0, written.half(72));
      assertEquals(0, written.quad(80));
      assertArrayEquals(CARRIED, written.exchange().toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 16", "12345, 16", "123456, 24", "999999, 24"})
  void a_command_that_names_its_device_has_the_path_first_and_counts_it(int id, int path) {
    try (Arena arena = Arena.ofConfined()) {
      ControlMessage message = new ControlMessage(Uapi.GET_DEV_INFO2, id, 8, 0, true);
      Written written = Written.of(arena, message);
      assertEquals(0x80207512, written.word(8));
      assertEquals(id, written.word(48));
      assertEquals(path + 8, written.half(54));
      assertEquals(written.exchange().address(), written.quad(56));
      assertEquals(path, written.half(72));
      byte[] all = written.exchange().toArray(ValueLayout.JAVA_BYTE);
      byte[] wanted = Arrays.copyOf(("/dev/ublkc" + id).getBytes(StandardCharsets.US_ASCII), path);
      assertArrayEquals(wanted, Arrays.copyOf(all, path));
      assertEquals(0, all[path - 1], "the path ends with a NUL");
      assertArrayEquals(CARRIED, Arrays.copyOfRange(all, path, path + 8));
    }
  }

  @Test
  void a_command_that_carries_nothing_still_carries_the_path() {
    try (Arena arena = Arena.ofConfined()) {
      Written written = Written.of(arena, new ControlMessage(Uapi.START_DEV, 3, 0, 4711, true));
      assertEquals(16, written.half(54));
      assertEquals(16, written.half(72));
      assertEquals(written.exchange().address(), written.quad(56));
      assertEquals(4711, written.quad(64));
      Written plain = Written.of(arena, new ControlMessage(Uapi.STOP_DEV, 3, 0, 0, false));
      assertEquals(0, plain.half(54));
      assertEquals(0, plain.quad(56));
    }
  }

  @Test
  void an_answer_is_taken_from_behind_the_path() {
    try (Arena arena = Arena.ofConfined()) {
      ControlMessage message = new ControlMessage(Uapi.GET_DEV_INFO2, 3, 8, 0, true);
      Written written = Written.of(arena, message);
      written.exchange().set(ValueLayout.JAVA_LONG, 16, 0x1234567890L);
      message.answer(written.exchange(), written.carried());
      assertEquals(0x1234567890L, written.carried().get(ValueLayout.JAVA_LONG, 0));
    }
  }
}
