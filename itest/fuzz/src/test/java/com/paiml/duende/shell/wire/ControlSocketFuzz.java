package com.paiml.duende.shell.wire;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.Channels;

/** The control socket: frames, and the hello in the first. */
public final class ControlSocketFuzz {
  private ControlSocketFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    FrameReader reader = new FrameReader(Channels.newChannel(new ByteArrayInputStream(input)));
    try {
      while (true) {
        byte[] contents = reader.next();
        if (reader.kind() == Frame.HELLO) {
          Hello hello = Hello.decode(contents);
          if (!Hello.decode(hello.encode()).equals(hello)) {
            throw new AssertionError("another hello: " + hello);
          }
        }
      }
    } catch (MalformedFrame | EOFException refused) {
      // As it should be.
    }
  }
}
