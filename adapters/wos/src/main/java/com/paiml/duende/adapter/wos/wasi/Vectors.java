package com.paiml.duende.adapter.wos.wasi;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.kernel.Guest;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;

/** Reading and writing through lists of buffers ({@code $iovec_array}), in pieces, so that no call takes much memory. */
final class Vectors {

  private static final int PIECE = 64 * 1024;
  private static final int MOST = 1024;
  private static final int SIZE = 8;

  private Vectors() {}

  /** Moves some bytes; {@code offset} is how many were moved before. */
  @FunctionalInterface
  interface Mover {
    int move(byte[] piece, int length, long offset) throws Fault;
  }

  /** Fills the buffers, until they are full or less comes than was asked for. */
  static int fill(WasmProcess process, Guest guest, int vectors, int count, Mover source)
      throws Fault {
    check(count);
    int total = 0;
    byte[] piece = new byte[0];
    for (int i = 0; i < count; i++) {
      int at = guest.i32(vectors + i * SIZE);
      int length = guest.i32(vectors + i * SIZE + 4);
      guest.check(at, length);
      for (int done = 0; done != length; ) {
        process.breathe();
        int wanted = Integer.compareUnsigned(length - done, PIECE) > 0 ? PIECE : length - done;
        piece = atLeast(piece, wanted);
        int n = move(source, piece, wanted, total);
        guest.put(at + done, piece, 0, n);
        done += n;
        total += n;
        if (n < wanted) {
          return total;
        }
      }
    }
    return total;
  }

  /** Empties the buffers, until all is written or less is taken than was offered. */
  static int drain(WasmProcess process, Guest guest, int vectors, int count, Mover sink)
      throws Fault {
    check(count);
    int total = 0;
    for (int i = 0; i < count; i++) {
      int at = guest.i32(vectors + i * SIZE);
      int length = guest.i32(vectors + i * SIZE + 4);
      guest.check(at, length);
      for (int done = 0; done != length; ) {
        process.breathe();
        int offered = Integer.compareUnsigned(length - done, PIECE) > 0 ? PIECE : length - done;
        byte[] piece = guest.bytes(at + done, offered);
        int n = move(sink, piece, offered, total);
        done += n;
        total += n;
        if (n < offered) {
          return total;
        }
      }
    }
    return total;
  }

  private static void check(int count) throws Fault {
    if (count < 0 || count > MOST) {
      throw new Fault(Errno.INVAL);
    }
  }

  private static byte[] atLeast(byte[] piece, int length) {
    return piece.length >= length ? piece : new byte[length];
  }

  /** What went well before counts: only the first piece may fail. */
  private static int move(Mover mover, byte[] piece, int length, int total) throws Fault {
    try {
      return mover.move(piece, length, total);
    } catch (Fault e) {
      if (total == 0) {
        throw e;
      }
      return 0;
    }
  }

  /** All buffers in one piece, for what must not be torn. */
  static byte[] gather(Guest guest, int vectors, int count, int most) throws Fault {
    check(count);
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += Integer.toUnsignedLong(guest.i32(vectors + i * SIZE + 4));
    }
    if (sum > most) {
      throw new Fault(Errno.MSGSIZE);
    }
    byte[] all = new byte[(int) sum];
    int filled = 0;
    for (int i = 0; i < count; i++) {
      byte[] piece = guest.bytes(guest.i32(vectors + i * SIZE), guest.i32(vectors + i * SIZE + 4));
      System.arraycopy(piece, 0, all, filled, piece.length);
      filled += piece.length;
    }
    return all;
  }

  /** {@return the sum of the buffers' lengths, at most {@code most}} */
  static int length(Guest guest, int vectors, int count, int most) throws Fault {
    check(count);
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += Integer.toUnsignedLong(guest.i32(vectors + i * SIZE + 4));
    }
    return (int) Math.min(sum, most);
  }

  /** Spreads bytes over the buffers. */
  static void scatter(Guest guest, int vectors, int count, byte[] data, int length) throws Fault {
    int from = 0;
    for (int i = 0; i < count && from < length; i++) {
      int n = Math.min(guest.i32(vectors + i * SIZE + 4), length - from);
      guest.put(guest.i32(vectors + i * SIZE), data, from, n);
      from += n;
    }
  }
}
