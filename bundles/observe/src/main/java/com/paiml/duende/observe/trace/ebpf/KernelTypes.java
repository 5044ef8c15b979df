package com.paiml.duende.observe.trace.ebpf;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;

/** Finds where a member lies in one of the kernel's structs, from its own description: Documentation/bpf/btf.rst. */
final class KernelTypes {
  private static final Path DESCRIPTION = Path.of("/sys/kernel/btf/vmlinux");
  private static final int MAGIC = 0xeB9F;
  private static final int KIND_STRUCT = 4;

  private KernelTypes() {}

  /** Bytes from the beginning of the struct; empty where this kernel does not describe itself. */
  static OptionalInt offset(String struct, String member) {
    try {
      return offset(ByteBuffer.wrap(Files.readAllBytes(DESCRIPTION)), struct, member);
    } catch (IOException | BufferUnderflowException | IllegalArgumentException unreadable) {
      return OptionalInt.empty();
    }
  }

  static OptionalInt offset(ByteBuffer btf, String struct, String member) {
    btf.order(ByteOrder.nativeOrder());
    if ((btf.getShort(0) & 0xffff) != MAGIC) {
      return OptionalInt.empty();
    }
    int header = btf.getInt(4);
    int types = header + btf.getInt(8);
    int end = types + btf.getInt(12);
    int strings = header + btf.getInt(16);
    int at = types;
    while (at < end) {
      int info = btf.getInt(at + 4);
      int kind = info >>> 24 & 0x1f;
      int members = info & 0xffff;
      if (kind == KIND_STRUCT && members > 0 && isName(btf, strings + btf.getInt(at), struct)) {
        return member(btf, at + 12, members, info < 0, strings, member);
      }
      at += 12 + size(kind, members);
    }
    return OptionalInt.empty();
  }

  private static OptionalInt member(
      ByteBuffer btf, int first, int members, boolean bitFields, int strings, String name) {
    for (int i = 0; i < members; i++) {
      int at = first + 12 * i;
      if (isName(btf, strings + btf.getInt(at), name)) {
        int bits = btf.getInt(at + 8);
        return OptionalInt.of((bitFields ? bits & 0xffffff : bits) / 8);
      }
    }
    return OptionalInt.empty();
  }

  private static boolean isName(ByteBuffer btf, int at, String name) {
    byte[] wanted = name.getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < wanted.length; i++) {
      if (btf.get(at + i) != wanted[i]) {
        return false;
      }
    }
    return btf.get(at + wanted.length) == 0;
  }

  /** Bytes behind a type of that kind: of integers, arrays, structs and unions, enums, parameters, variables… */
  private static int size(int kind, int members) {
    return switch (kind) {
      case 1, 14, 17 -> 4;
      case 3 -> 12;
      case 4, 5, 15, 19 -> 12 * members;
      case 6, 13 -> 8 * members;
      default -> 0;
    };
  }
}
