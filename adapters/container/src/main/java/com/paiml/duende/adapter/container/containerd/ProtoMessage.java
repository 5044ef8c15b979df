package com.paiml.duende.adapter.container.containerd;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A message that was read, by the numbers of its fields; what is not there reads as empty or zero, as protobuf has it. */
final class ProtoMessage {
  private final Map<Integer, List<byte[]>> pieces = new HashMap<>();
  private final Map<Integer, Long> numbers = new HashMap<>();

  static ProtoMessage read(byte[] bytes) throws DaemonException {
    try {
      ProtoMessage message = new ProtoMessage();
      CodedInputStream in = CodedInputStream.newInstance(bytes);
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        int field = WireFormat.getTagFieldNumber(tag);
        switch (WireFormat.getTagWireType(tag)) {
          case WireFormat.WIRETYPE_VARINT -> message.numbers.put(field, in.readUInt64());
          case WireFormat.WIRETYPE_LENGTH_DELIMITED ->
              message.pieces.computeIfAbsent(field, f -> new ArrayList<>()).add(in.readByteArray());
          default -> {
            if (!in.skipField(tag)) {
              return message;
            }
          }
        }
      }
      return message;
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          "containerd",
          "answers what cannot be read: " + e.getMessage(),
          "see whether it is really containerd that listens there",
          e);
    }
  }

  String text(int field) {
    return new String(bytes(field), StandardCharsets.UTF_8);
  }

  byte[] bytes(int field) {
    List<byte[]> all = pieces.getOrDefault(field, List.of());
    return all.isEmpty() ? new byte[0] : all.getLast();
  }

  long number(int field) {
    return numbers.getOrDefault(field, 0L);
  }

  ProtoMessage message(int field) throws DaemonException {
    return read(bytes(field));
  }

  List<ProtoMessage> messages(int field) throws DaemonException {
    List<ProtoMessage> all = new ArrayList<>();
    for (byte[] one : pieces.getOrDefault(field, List.of())) {
      all.add(read(one));
    }
    return all;
  }

  List<String> texts(int field) {
    return pieces.getOrDefault(field, List.of()).stream()
        .map(b -> new String(b, StandardCharsets.UTF_8))
        .toList();
  }

  /** A {@code map<string, string>}. */
  Map<String, String> map(int field) throws DaemonException {
    Map<String, String> all = new LinkedHashMap<>();
    for (ProtoMessage entry : messages(field)) {
      all.put(entry.text(1), entry.text(2));
    }
    return all;
  }
}
