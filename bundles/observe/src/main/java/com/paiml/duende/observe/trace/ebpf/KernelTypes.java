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
    int strings = header + btf.getInt(16);
    // Some hundred thousand types: as plain numbers they are walked through in a few milliseconds,
    // also by code that has never run.
    int[] all = new int[btf.getInt(12) / 4];
    btf.slice(types, 4 * all.length).order(btf.order()).asIntBuffer().get(all);
    int at = 0;
    while (at + 2 < all.length) {
      int info = all[at + 1];
      int kind = info >>> 24 & 0x1f;
      int members = info & 0xffff;
      if (kind == KIND_STRUCT && members > 0 && isName(btf, strings + all[at], struct)) {
        return member(btf, types + 4 * at + 12, members, info < 0, strings, member);
      }
      at += 3 + words(kind, members);
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
    if (btf.get(at) != name.charAt(0)) {
      return false;
    }
    byte[] wanted = name.getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < wanted.length; i++) {
      if (btf.get(at + i) != wanted[i]) {
        return false;
      }
    }
    return btf.get(at + wanted.length) == 0;
  }

  /** Words behind a type of that kind: of integers, arrays, structs and unions, enums, parameters, variables… */
  private static int words(int kind, int members) {
    return switch (kind) {
      case 1, 14, 17 -> 1;
      case 3 -> 3;
      case 4, 5, 15, 19 -> 3 * members;
      case 6, 13 -> 2 * members;
      default -> 0;
    };
  }
}
