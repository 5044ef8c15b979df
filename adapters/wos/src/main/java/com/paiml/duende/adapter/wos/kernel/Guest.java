package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import run.endive.runtime.Memory;
import run.endive.runtime.WasmRuntimeException;

/**
 * A module's memory as host calls see it: little endian, and an address outside of it is {@code EFAULT}. What is written
 * passes by the {@link Tape}.
 */
public final class Guest {

  private final Memory memory;
  private final Tape tape;

  Guest(Memory memory, Tape tape) {
    this.memory = memory;
    this.tape = tape;
  }

  private static Fault outside() {
    return new Fault(Errno.FAULT);
  }

  /** Makes sure that all of it lies within the memory. */
  public void check(int address, int length) throws Fault {
    long end = Integer.toUnsignedLong(address) + Integer.toUnsignedLong(length);
    if (end > (long) memory.pages() * Memory.PAGE_SIZE) {
      throw outside();
    }
  }

  public byte[] bytes(int address, int length) throws Fault {
    check(address, length);
    try {
      return memory.readBytes(address, length);
    } catch (WasmRuntimeException e) {
      throw outside();
    }
  }

  /** Text in UTF-8; anything else is {@code EILSEQ}. */
  public String text(int address, int length) throws Fault {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(bytes(address, length)))
          .toString();
    } catch (CharacterCodingException e) {
      throw new Fault(Errno.ILSEQ);
    }
  }

  public int u8(int address) throws Fault {
    check(address, 1);
    return memory.read(address) & 0xff;
  }

  public int u16(int address) throws Fault {
    check(address, 2);
    return memory.readShort(address) & 0xffff;
  }

  public int i32(int address) throws Fault {
    check(address, 4);
    return memory.readInt(address);
  }

  public long i64(int address) throws Fault {
    check(address, 8);
    return memory.readLong(address);
  }

  public void put(int address, byte[] data) throws Fault {
    put(address, data, 0, data.length);
  }

  public void put(int address, byte[] data, int from, int length) throws Fault {
    check(address, length);
    try {
      memory.write(address, data, from, length);
    } catch (WasmRuntimeException e) {
      throw outside();
    }
    if (!tape.idle()) {
      byte[] copy = new byte[length];
      System.arraycopy(data, from, copy, 0, length);
      tape.poked(address, copy);
    }
  }

  public void put8(int address, int value) throws Fault {
    put(address, new byte[] {(byte) value});
  }

  public void put32(int address, int value) throws Fault {
    put(address, buffer(4).putInt(value).array());
  }

  public void put64(int address, long value) throws Fault {
    put(address, buffer(8).putLong(value).array());
  }

  /** {@return an empty little-endian buffer, to fill and then {@link #put}} */
  public static ByteBuffer buffer(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** {@return text as UTF-8} */
  public static byte[] encode(String text) {
    ByteBuffer encoded = StandardCharsets.UTF_8.encode(CharBuffer.wrap(text));
    byte[] bytes = new byte[encoded.remaining()];
    encoded.get(bytes);
    return bytes;
  }
}
