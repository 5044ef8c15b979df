package com.paiml.duende.adapter.wos;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import run.endive.wasm.types.FunctionType;
import run.endive.wasm.types.ValType;

/** Writes modules that no compiler would: the binary format of the WebAssembly specification, chapter 5. */
public final class ModuleWriter {

  private static final byte[] HEADER = {0, 'a', 's', 'm', 1, 0, 0, 0};
  private static final int END = 0x0b;

  private final List<FunctionType> types = new ArrayList<>(List.of(FunctionType.empty()));
  private final List<String> imports = new ArrayList<>();
  private final List<byte[]> bodies = new ArrayList<>();
  private byte[] data = {};
  private int pages = 1;

  /** A function to import; it is called by the number of imports before it. */
  public ModuleWriter imports(String module, String name, FunctionType type) {
    imports.add(module);
    imports.add(name);
    types.add(type);
    return this;
  }

  public ModuleWriter memory(int initialPages, byte[] initial) {
    pages = initialPages;
    data = initial.clone();
    return this;
  }

  /** A function without parameters, results and locals; the first is {@code _start}. The end is added. */
  public ModuleWriter function(byte[] code) {
    bodies.add(code.clone());
    return this;
  }

  public byte[] bytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(HEADER);
    section(out, 1, typeSection());
    section(out, 2, importSection());
    ByteArrayOutputStream functions = new ByteArrayOutputStream();
    unsigned(functions, bodies.size());
    bodies.forEach(body -> functions.write(0));
    section(out, 3, functions.toByteArray());
    ByteArrayOutputStream memory = new ByteArrayOutputStream();
    memory.writeBytes(new byte[] {1, 0});
    unsigned(memory, pages);
    section(out, 5, memory.toByteArray());
    ByteArrayOutputStream exports = new ByteArrayOutputStream();
    exports.write(2);
    name(exports, "memory");
    exports.writeBytes(new byte[] {2, 0});
    name(exports, "_start");
    exports.write(0);
    unsigned(exports, imports.size() / 2);
    section(out, 7, exports.toByteArray());
    ByteArrayOutputStream code = new ByteArrayOutputStream();
    unsigned(code, bodies.size());
    for (byte[] body : bodies) {
      unsigned(code, body.length + 2);
      code.write(0);
      code.writeBytes(body);
      code.write(END);
    }
    section(out, 10, code.toByteArray());
    if (data.length > 0) {
      ByteArrayOutputStream segment = new ByteArrayOutputStream();
      segment.writeBytes(new byte[] {1, 0, 0x41, 0, END});
      unsigned(segment, data.length);
      segment.writeBytes(data);
      section(out, 11, segment.toByteArray());
    }
    return out.toByteArray();
  }

  private byte[] typeSection() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    unsigned(out, types.size());
    for (FunctionType type : types) {
      out.write(0x60);
      values(out, type.params());
      values(out, type.returns());
    }
    return out.toByteArray();
  }

  private static void values(ByteArrayOutputStream out, List<ValType> values) {
    unsigned(out, values.size());
    for (ValType value : values) {
      out.write(value.equals(ValType.I32) ? 0x7f : value.equals(ValType.I64) ? 0x7e : 0x7c);
    }
  }

  private byte[] importSection() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    unsigned(out, imports.size() / 2);
    for (int i = 0; i < imports.size(); i += 2) {
      name(out, imports.get(i));
      name(out, imports.get(i + 1));
      out.write(0);
      unsigned(out, 1 + i / 2);
    }
    return out.toByteArray();
  }

  private static void section(ByteArrayOutputStream out, int id, byte[] content) {
    out.write(id);
    unsigned(out, content.length);
    out.writeBytes(content);
  }

  private static void name(ByteArrayOutputStream out, String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    unsigned(out, bytes.length);
    out.writeBytes(bytes);
  }

  /** An unsigned number in LEB128. */
  public static void unsigned(ByteArrayOutputStream out, int value) {
    int rest = value;
    while ((rest & ~0x7f) != 0) {
      out.write((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    out.write(rest);
  }

  /** A signed number in LEB128. */
  public static void signed(ByteArrayOutputStream out, long value) {
    long rest = value;
    while (true) {
      int low = (int) (rest & 0x7f);
      rest >>= 7;
      boolean negative = (low & 0x40) != 0;
      if (rest == (negative ? -1 : 0)) {
        out.write(low);
        return;
      }
      out.write(low | 0x80);
    }
  }

  /** Code that spins without end and is too large for a method of the JVM. */
  public static byte[] hugeLoop() {
    ByteArrayOutputStream code = new ByteArrayOutputStream();
    // loop, without a type
    code.writeBytes(new byte[] {0x03, 0x40});
    for (int i = 0; i < 30_000; i++) {
      // i32.const; drop
      code.write(0x41);
      signed(code, 100_000 + i);
      code.write(0x1a);
    }
    // br 0; end
    code.writeBytes(new byte[] {0x0c, 0, END});
    return code.toByteArray();
  }
}
