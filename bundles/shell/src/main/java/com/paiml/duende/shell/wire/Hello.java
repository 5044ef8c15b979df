package com.paiml.duende.shell.wire;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What the client begins with: the command line and where it was typed.
 *
 * @param scope whose commands are meant: {@code duende}, {@code pepita}, {@code wos}
 * @param words the command and its arguments, as the operating system gave them
 * @param directory where the client runs, absolute
 * @param term {@code TERM}; may be empty
 * @param terminals which of the standard streams are terminals: bit 0 input, bit 1 output, bit 2 error
 * @param colour whether output may be coloured
 * @param columns of the terminal; 0 when not known
 * @param rows of the terminal; 0 when not known
 */
public record Hello(
    String scope,
    List<String> words,
    String directory,
    String term,
    int terminals,
    boolean colour,
    int columns,
    int rows) {

  /** Whether a standard stream is a terminal. */
  public boolean isTerminal(int stream) {
    return (terminals >> stream & 1) != 0;
  }

  /** The contents of its frame. */
  public byte[] encode() {
    List<byte[]> texts = new ArrayList<>();
    int size = 10;
    for (int i = -3; i < words.size(); i++) {
      byte[] text =
          (switch (i) {
                case -3 -> scope;
                case -2 -> directory;
                case -1 -> term;
                default -> words.get(i);
              })
              .getBytes(StandardCharsets.UTF_8);
      texts.add(text);
      size += 4 + text.length;
    }
    ByteBuffer out = ByteBuffer.allocate(size);
    out.put((byte) Frame.PROTOCOL).put((byte) ((terminals & 7) | (colour ? 8 : 0)));
    out.putShort((short) columns).putShort((short) rows).putInt(words.size());
    for (int i = 0; i < texts.size(); i++) {
      out.putInt(texts.get(i).length).put(texts.get(i));
    }
    return out.array();
  }

  /** Reads what {@link #encode} wrote. */
  public static Hello decode(byte[] contents) throws MalformedFrame {
    ByteBuffer in = ByteBuffer.wrap(contents);
    try {
      int protocol = in.get();
      if (protocol != Frame.PROTOCOL) {
        throw new MalformedFrame(
            "protocol " + protocol + " where " + Frame.PROTOCOL + " is spoken: another version");
      }
      int flags = in.get();
      int columns = in.getShort() & 0xffff;
      int rows = in.getShort() & 0xffff;
      int count = in.getInt();
      String scope = text(in);
      String directory = text(in);
      String term = text(in);
      List<String> words = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        words.add(text(in));
      }
      if (in.hasRemaining()) {
        throw new MalformedFrame("a hello with " + in.remaining() + " bytes too many");
      }
      return new Hello(
          scope, List.copyOf(words), directory, term, flags & 7, (flags & 8) != 0, columns, rows);
    } catch (BufferUnderflowException e) {
      throw new MalformedFrame("a hello that breaks off");
    }
  }

  private static String text(ByteBuffer in) throws MalformedFrame {
    int length = in.getInt();
    if (length < 0 || length > in.remaining()) {
      throw new MalformedFrame("a hello with a text of " + length + " bytes");
    }
    byte[] text = new byte[length];
    in.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }
}
