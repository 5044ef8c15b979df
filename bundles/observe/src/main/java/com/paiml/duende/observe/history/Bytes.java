package com.paiml.duende.observe.history;

/**
 * Numbers, the small ones in few bytes, that are read in the order in which they were written. What has been read for good makes
 * room. Not safe for several threads.
 */
final class Bytes {
  private static final int FIRST = 32;
  private static final int LOW = 6;
  private static final int SEVEN = 7;
  private static final int CHANGES = 1;
  private static final int MORE = 2;
  private static final int NEXT = 0x80;

  /** Of a length that is a power of two: a place in it is the lower bits of what was written before. */
  private byte[] cells = new byte[FIRST];

  private long begin;
  private long end;

  /** Where somebody reads. */
  final class Reader {
    private long at = begin;
    private boolean changes;

    /** The number that begins a row. */
    long head() {
      int first = next();
      changes = (first & CHANGES) != 0;
      long number = (long) first >>> 2;
      return straight((first & MORE) == 0 ? number : number | (number() << LOW));
    }

    /** Whether there is more in the row whose head was read. */
    boolean changes() {
      return changes;
    }

    /** A number of which the highest bits are mostly 0. */
    long number() {
      long number = 0;
      for (int shift = 0; ; shift += SEVEN) {
        int b = next();
        number |= (long) (b & ~NEXT) << shift;
        if ((b & NEXT) == 0) {
          return number;
        }
      }
    }

    /** A number that is mostly near 0. */
    long signed() {
      return straight(number());
    }

    /** Nobody reads again what was read here. */
    void release() {
      begin = at;
    }

    private int next() {
      return cells[place(at++)] & 0xff;
    }
  }

  Reader reader() {
    return new Reader();
  }

  /**
   * The number that begins a row: mostly near 0.
   *
   * @param changes whether there is more in the row
   */
  void head(long number, boolean changes) {
    long folded = folded(number);
    long more = folded >>> LOW;
    long low = folded & ((1L << LOW) - 1);
    put(((int) low << 2) | (more == 0 ? 0 : MORE) | (changes ? CHANGES : 0));
    if (more != 0) {
      number(more);
    }
  }

  void number(long number) {
    long left = number;
    while (left >>> SEVEN != 0) {
      put((int) left | NEXT);
      left >>>= SEVEN;
    }
    put((int) left);
  }

  void signed(long number) {
    number(folded(number));
  }

  /** 0, -1, 1, -2, 2 as 0, 1, 2, 3, 4. */
  private static long folded(long number) {
    return (number << 1) ^ (number >> (Long.SIZE - 1));
  }

  private static long straight(long folded) {
    return (folded >>> 1) ^ -(folded & 1);
  }

  private void put(int b) {
    if (end - begin == cells.length) {
      grow();
    }
    cells[place(end++)] = (byte) b;
  }

  private void grow() {
    byte[] before = cells;
    cells = new byte[2 * before.length];
    for (long i = begin; i < end; i++) {
      cells[place(i)] = before[(int) i & (before.length - 1)];
    }
  }

  private int place(long at) {
    return (int) at & (cells.length - 1);
  }
}
