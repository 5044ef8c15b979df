package com.paiml.duende.ublk.targets;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** What a page tells of itself before it is compressed. */
public final class Pages {
  /** Bytes of a page. */
  public static final int SIZE = 4096;

  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final int SAMPLES = 512;
  private static final int STEP = SIZE / SAMPLES;

  /**
   * Of 512 random bytes 221 are different on average, with a deviation of 5; of text about 60, of programs 120 to 160. Above
   * this a page is not worth the try.
   */
  private static final int RANDOM = 200;

  private Pages() {}

  /** Whether a page is one word of eight bytes over and over. */
  public static boolean isSame(MemorySegment page) {
    long first = page.get(WORD, 0);
    if (page.get(WORD, SIZE - 8) != first) {
      return false;
    }
    for (int block = 0; block < SIZE; block += 512) {
      long differences = 0;
      for (int i = block; i < block + 512; i += 8) {
        differences |= page.get(WORD, i) ^ first;
      }
      if (differences != 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether a page looks random: as many different bytes in a sample as noise has.
   *
   * @param seen of 256, overwritten
   */
  static boolean looksRandom(MemorySegment page, byte[] seen) {
    Arrays.fill(seen, (byte) 0);
    int different = 0;
    for (int i = 0; i < SAMPLES; i++) {
      // Another place in each step, so that a period of the page does not look like order.
      int value = page.get(ValueLayout.JAVA_BYTE, (long) i * STEP + (i * 5 & (STEP - 1))) & 0xff;
      different += 1 - seen[value];
      seen[value] = 1;
    }
    return different > RANDOM;
  }

  static void fill(MemorySegment page, long word) {
    for (int i = 0; i < SIZE; i += 8) {
      page.set(WORD, i, word);
    }
  }
}
