package com.paiml.duende.observe.trace.ebpf;

import com.paiml.duende.observe.trace.decode.RawEvent;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads a record of the ring. */
final class RingRecord {
  private RingRecord() {}

  /**
   * @param bytes the record
   * @param tops says which words on top of the stack are return addresses
   */
  static RawEvent read(ByteBuffer bytes, StackTop tops) {
    long thread = bytes.getLong(Programs.RECORD_THREAD);
    List<Long> arguments = new ArrayList<>(6);
    for (int i = 0; i < 6; i++) {
      arguments.add(bytes.getLong(Programs.RECORD_ARGUMENTS + 8 * i));
    }
    int process = (int) (thread >>> 32);
    return new RawEvent(
        bytes.getLong(Programs.RECORD_END),
        process,
        (int) thread,
        (int) bytes.getLong(Programs.RECORD_CALL),
        bytes.getLong(Programs.RECORD_RESULT),
        bytes.getLong(Programs.RECORD_TOOK),
        List.copyOf(arguments),
        bytes.capacity() < Programs.RECORD ? "" : text(bytes),
        bytes.capacity() < Programs.RECORD_WITH_STACK ? List.of() : stack(bytes, process, tops));
  }

  private static String text(ByteBuffer bytes) {
    byte[] path = new byte[Maps.PATH];
    bytes.get(Programs.RECORD_PATH, path);
    int length = 0;
    while (length < path.length && path[length] != 0) {
      length++;
    }
    return new String(path, 0, length, StandardCharsets.UTF_8);
  }

  /**
   * The frames that the kernel found by frame pointers lack one: the caller of the C library's wrapper, which has no frame of
   * its own. Its return address lies on top of the stack.
   */
  private static List<Long> stack(ByteBuffer bytes, int process, StackTop tops) {
    int length = Math.clamp(bytes.getLong(Programs.RECORD_FRAME_BYTES), 0, Programs.FRAMES);
    List<Long> frames = new ArrayList<>();
    for (int at = 0; at + 8 <= length; at += 8) {
      frames.add(bytes.getLong(Programs.RECORD_FRAMES + at));
    }
    for (int at = 0; at < Programs.TOP && !frames.isEmpty(); at += 8) {
      long word = bytes.getLong(Programs.RECORD_TOP + at);
      if (frames.size() > 1 && word == frames.get(1)) {
        break;
      }
      if (tops.isReturnAddress(process, word)) {
        frames.add(1, word);
        break;
      }
    }
    return List.copyOf(frames);
  }

  /** Knows the code of processes. */
  @FunctionalInterface
  interface StackTop {
    boolean isReturnAddress(int process, long address);
  }
}
