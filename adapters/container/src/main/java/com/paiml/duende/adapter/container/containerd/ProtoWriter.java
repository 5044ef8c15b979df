package com.paiml.duende.adapter.container.containerd;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/**
 * Writes a message field by field. Of containerd's some hundred messages a dozen are needed, with a few fields each: they are
 * written here by the numbers of containerd's own {@code .proto} files, instead of some 100 000 lines that would be made from
 * those.
 *
 * @see <a href="https://github.com/containerd/containerd/tree/main/api">containerd's API</a>
 */
final class ProtoWriter {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final CodedOutputStream out = CodedOutputStream.newInstance(bytes);

  /** One way to write a field. */
  private interface Writing {
    void run() throws IOException;
  }

  private ProtoWriter write(Writing writing) {
    try {
      writing.run();
      return this;
    } catch (IOException e) {
      // Into memory.
      throw new UncheckedIOException(e);
    }
  }

  ProtoWriter text(int field, String value) {
    return value.isEmpty() ? this : write(() -> out.writeString(field, value));
  }

  ProtoWriter number(int field, long value) {
    return value == 0 ? this : write(() -> out.writeUInt64(field, value));
  }

  ProtoWriter flag(int field, boolean value) {
    return value ? write(() -> out.writeBool(field, true)) : this;
  }

  ProtoWriter bytes(int field, byte[] value) {
    return write(() -> out.writeByteArray(field, value));
  }

  ProtoWriter message(int field, ProtoWriter value) {
    return write(() -> out.writeBytes(field, ByteString.copyFrom(value.toBytes())));
  }

  /** A {@code map<string, string>}. */
  ProtoWriter texts(int field, Map<String, String> values) {
    values.forEach(
        (k, v) -> {
          var _ = message(field, new ProtoWriter().text(1, k).text(2, v));
        });
    return this;
  }

  /** A {@code google.protobuf.Any}. */
  ProtoWriter any(int field, String type, byte[] value) {
    return message(field, new ProtoWriter().text(1, type).bytes(2, value));
  }

  byte[] toBytes() {
    var _ = write(out::flush);
    return bytes.toByteArray();
  }
}
