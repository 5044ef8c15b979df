package com.paiml.duende.shell.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.Channels;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameTest {
  private final ByteArrayOutputStream sent = new ByteArrayOutputStream();
  private final FrameWriter writer = new FrameWriter(Channels.newChannel(sent));

  private FrameReader reader() {
    return new FrameReader(Channels.newChannel(new ByteArrayInputStream(sent.toByteArray())));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4, 16_379, 16_380, 16_381, 40_000, Frame.LIMIT})
  void givenContentsOfAnyLengthWhenTheyTravelThenTheyArriveUnchanged(int length)
      throws IOException {
    byte[] contents = new byte[length];
    new Random(length).nextBytes(contents);
    writer.write(Frame.OUTPUT, contents);
    writer.write(Frame.EXIT, (byte) 7);

    FrameReader reader = reader();

    assertArrayEquals(contents, reader.next());
    assertEquals(Frame.OUTPUT, reader.kind());
    assertArrayEquals(new byte[] {7}, reader.next());
    assertEquals(Frame.EXIT, reader.kind());
    assertThrows(EOFException.class, reader::next);
  }

  @Test
  void givenAFrameAboveTheLimitWhenItIsWrittenThenItIsRefused() {
    assertThrows(MalformedFrame.class, () -> writer.write(Frame.OUTPUT, new byte[Frame.LIMIT + 1]));
  }

  @Test
  void givenALengthAboveTheLimitWhenItIsReadThenNothingIsAllocatedForIt() {
    sent.writeBytes(new byte[] {Frame.INPUT, (byte) 0xff, (byte) 0xff, (byte) 0xff});
    MalformedFrame fault = assertThrows(MalformedFrame.class, reader()::next);
    assertTrue(fault.getMessage().contains("16777215"), fault.getMessage());
  }

  @Test
  void givenAnUnknownKindWhenItIsReadThenItIsMalformed() {
    sent.writeBytes(new byte[] {'?', 0, 0, 0});
    assertThrows(MalformedFrame.class, reader()::next);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4, 6})
  void givenAFrameThatBreaksOffWhenItIsReadThenItIsMalformed(int kept) throws IOException {
    writer.write(Frame.OUTPUT, new byte[] {1, 2, 3});
    byte[] part = java.util.Arrays.copyOf(sent.toByteArray(), kept);
    sent.reset();
    sent.writeBytes(part);
    assertThrows(MalformedFrame.class, reader()::next);
  }

  @Test
  void givenAHelloWhenItTravelsThenItIsTheSame() throws IOException {
    Hello hello =
        new Hello(
            "duende",
            List.of("deploy", "a b", "", "日本.toml", "$(rm -rf x)\n;"),
            "/home/käthe",
            "xterm-256color",
            5,
            true,
            65535,
            24);
    assertEquals(hello, Hello.decode(hello.encode()));
    assertTrue(hello.isTerminal(0));
    assertTrue(!hello.isTerminal(1));
    assertTrue(hello.isTerminal(2));
  }

  @Test
  void givenAHelloWithOneByteChangedWhenItIsReadThenItIsEitherReadOrMalformed() {
    byte[] good = new Hello("duende", List.of("ps", "-a"), "/", "", 0, false, 0, 0).encode();
    for (int i = 0; i < good.length; i++) {
      for (int value = 0; value < 256; value++) {
        byte[] bad = good.clone();
        bad[i] = (byte) value;
        try {
          Hello.decode(bad);
        } catch (MalformedFrame e) {
          assertTrue(e.getMessage() != null);
        }
      }
    }
  }

  @Test
  void givenAHelloOfAnotherVersionWhenItIsReadThenTheVersionsAreNamed() {
    byte[] bytes = new Hello("duende", List.of("ps"), "/", "", 0, false, 0, 0).encode();
    bytes[0] = 9;
    MalformedFrame fault = assertThrows(MalformedFrame.class, () -> Hello.decode(bytes));
    assertTrue(fault.getMessage().contains("protocol 9"), fault.getMessage());
  }
}
