package com.paiml.duende.adapter.pepita;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * What the guest's init is told before the start: records of a letter, a length and a text. Letters: A word of the command,
 * E variable, W working directory, U user, G group, O descriptors, M umask, P no new privileges, R how the root file system
 * is mounted, I device of the image with files, F folder to be made, H host name, N network, D descriptor of readiness,
 * C a shell on the console.
 */
final class GuestConfig {
  /** The guest's room for all of it. */
  private static final int MOST = 1 << 20;

  /** The kernel takes no longer argument or variable: MAX_ARG_STRLEN, execve(2). */
  private static final int LONGEST = 128 * 1024 - 1;

  private final String thing;
  private final ByteArrayOutputStream all = new ByteArrayOutputStream();

  GuestConfig(String thing) {
    this.thing = thing;
  }

  void add(char letter, String text) throws DaemonException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (text.indexOf('\0') >= 0) {
      throw fault("has a zero byte in " + what(letter), "leave it out");
    }
    if (bytes.length > LONGEST) {
      throw fault(
          what(letter) + " is " + bytes.length + " bytes long; the kernel takes " + LONGEST,
          "put it in a file");
    }
    all.write(letter);
    byte[] length =
        ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length).array();
    all.write(length, 0, length.length);
    all.write(bytes, 0, bytes.length);
    all.write(0);
    if (all.size() > MOST - 1) {
      throw fault("arguments and variables are more than " + MOST + " bytes", "put them in a file");
    }
  }

  private static String what(char letter) {
    return letter == 'E' ? "a variable" : letter == 'A' ? "an argument" : "a value";
  }

  private DaemonException fault(String problem, String remedy) {
    return new DaemonException(ErrorCode.SPAWN, thing, problem, remedy);
  }

  ByteBuffer end() {
    return ByteBuffer.wrap(all.toByteArray());
  }
}
