package com.paiml.duende.support.log;

import com.paiml.duende.spi.LogLine;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Makes lines of the bytes that a program wrote, whatever pieces they come in. A line has no time, for nobody but the program
 * wrote it; its end, LF or CRLF, is not part of it; one longer than {@value #LONGEST} bytes comes in several. Not safe for
 * threads.
 */
public final class LineCutter {
  /** Bytes of the longest line, and of a piece. */
  public static final int LONGEST = 64 * 1024;

  private final byte[] piece = new byte[LONGEST];
  private final ByteArrayOutputStream line = new ByteArrayOutputStream(256);
  private int at;
  private int end;

  /** {@return where the next piece is to be put, once {@link #next()} has given all lines of the last} */
  public byte[] piece() {
    return piece;
  }

  /** So many bytes have been put there. */
  public void filled(int count) {
    at = 0;
    end = count;
  }

  /** {@return the next whole line of the piece} */
  public Optional<LogLine> next() {
    while (at < end) {
      byte b = piece[at++];
      if (b == '\n') {
        return Optional.of(rest());
      }
      line.write(b);
      if (line.size() >= LONGEST) {
        return Optional.of(rest());
      }
    }
    return Optional.empty();
  }

  /** {@return whether there is a beginning of a line that has no end yet} */
  public boolean hasRest() {
    return line.size() > 0;
  }

  /** Gives the beginning of a line as if it were a whole one. */
  public LogLine rest() {
    String text = line.toString(StandardCharsets.UTF_8);
    line.reset();
    return new LogLine(
        Optional.empty(), text.endsWith("\r") ? text.substring(0, text.length() - 1) : text);
  }

  /** Drops the beginning of a line: what came after it is lost. */
  public void forgetRest() {
    line.reset();
  }
}
