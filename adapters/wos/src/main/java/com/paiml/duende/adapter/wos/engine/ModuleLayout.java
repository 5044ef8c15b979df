package com.paiml.duende.adapter.wos.engine;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Where the sections of a module are, found without parsing them. It tells what parsing and compiling will take before
 * they take it, and makes the shorter module that is kept once the code is compiled.
 *
 * <p>See the binary format of the WebAssembly specification, sections 5.5.2 (sections) and 5.5.13 (code).
 */
final class ModuleLayout {

  private static final int HEADER = 8;
  private static final int CUSTOM = 0;
  private static final int CODE = 10;
  private static final int DATA = 11;

  /** An instruction of one byte is an object of some fifty when it has been parsed, with its place in a list. */
  private static final long PARSED_BYTE = 64;

  /** A function is a method and two more that call it, with their names and types. */
  private static final long COMPILED_FUNCTION = 1024;

  /** No local variables, {@code unreachable}, {@code end}. */
  private static final byte[] STUB = {3, 0, 0, 0x0b};

  private record Section(int id, int begin, int body, int end) {}

  private final byte[] bytes;
  private final List<Section> sections;
  private final int functions;

  private ModuleLayout(byte[] bytes, List<Section> sections, int functions) {
    this.bytes = bytes;
    this.sections = sections;
    this.functions = functions;
  }

  /** {@return the layout of a module; empty when it is not well-formed} */
  static Optional<ModuleLayout> of(byte[] bytes) {
    Reader in = new Reader(bytes, HEADER);
    List<Section> sections = new ArrayList<>();
    int functions = 0;
    while (in.at < bytes.length) {
      int begin = in.at;
      int id = in.u8();
      long size = in.u32();
      if (size < 0 || size > bytes.length - in.at) {
        return Optional.empty();
      }
      int body = in.at;
      if (id == CODE) {
        long count = in.u32();
        if (count < 0 || count > size) {
          return Optional.empty();
        }
        functions = (int) count;
      }
      in.at = body + (int) size;
      sections.add(new Section(id, begin, body, in.at));
    }
    return Optional.of(new ModuleLayout(bytes, sections, functions));
  }

  /** {@return bytes of heap that parsing and compiling it may take at most} */
  long weight() {
    long weight = functions * COMPILED_FUNCTION;
    for (Section s : sections) {
      long size = (long) s.end - s.body;
      weight += s.id == CUSTOM || s.id == DATA ? 2 * size : PARSED_BYTE * size;
    }
    return weight;
  }

  /** {@return what a module that cannot be read would take} */
  static long weightOf(int length) {
    return PARSED_BYTE * length;
  }

  /**
   * The module without the code of its functions, each of which traps: what instances are made of when their code is
   * classes.
   *
   * @param kept functions that stay as they are, because they are interpreted; numbered without imports
   */
  byte[] withoutCode(Set<Integer> kept) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(bytes, 0, HEADER);
    for (Section s : sections) {
      if (s.id == CODE) {
        byte[] stubs = stubs(s, kept);
        out.write(CODE);
        u32(out, stubs.length);
        out.writeBytes(stubs);
      } else if (s.id != CUSTOM) {
        out.write(bytes, s.begin, s.end - s.begin);
      }
    }
    return out.toByteArray();
  }

  private byte[] stubs(Section code, Set<Integer> kept) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Reader in = new Reader(bytes, code.body);
    long count = in.u32();
    u32(out, (int) count);
    for (int i = 0; i < count; i++) {
      int begin = in.at;
      long size = in.u32();
      in.at += (int) size;
      if (kept.contains(i)) {
        out.write(bytes, begin, in.at - begin);
      } else {
        out.writeBytes(STUB);
      }
    }
    return out.toByteArray();
  }

  private static void u32(ByteArrayOutputStream out, int value) {
    int rest = value;
    while ((rest & ~0x7f) != 0) {
      out.write((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    out.write(rest);
  }

  /** Reads numbers; beyond the end there are zeros. */
  private static final class Reader {
    private static final int LONGEST = 5;
    private final byte[] bytes;
    private int at;

    Reader(byte[] bytes, int at) {
      this.bytes = bytes;
      this.at = at;
    }

    int u8() {
      return at < bytes.length ? bytes[at++] & 0xff : 0;
    }

    /** {@return an unsigned LEB128 of at most 32 bits; -1 when it is longer} */
    long u32() {
      long value = 0;
      for (int i = 0; i < LONGEST; i++) {
        int next = u8();
        value |= (long) (next & 0x7f) << (7 * i);
        if ((next & 0x80) == 0) {
          return value;
        }
      }
      return -1;
    }
  }
}
