package com.paiml.duende.shell.command;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The bytes of a daemon file as text. */
final class DaemonText {
  /** A daemon file is written by a person: more than this is something else. */
  static final int LIMIT = 1 << 20;

  private DaemonText() {}

  static String decode(byte[] bytes, String origin) throws ConfigException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(in).toString();
    } catch (CharacterCodingException e) {
      int line = 1;
      for (int i = 0; i < in.position(); i++) {
        line += bytes[i] == '\n' ? 1 : 0;
      }
      ConfigFault fault =
          new ConfigFault(
              origin, line, 0, "", "is not UTF-8 text", "save the file in that encoding");
      ConfigException faults = new ConfigException(List.of(fault));
      faults.addSuppressed(e);
      throw faults;
    }
  }
}
