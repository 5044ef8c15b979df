package com.paiml.duende.adapter.process.inprocess;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A standard stream that leads, for each thread, to the stream of the daemon that it works for. Every method is passed on
 * as it is, so that no lock of this object's own makes one daemon wait for another's disk.
 */
@SuppressWarnings(
    "AnnotateFormatMethod") // The methods are those of PrintStream, checked where they are called.
final class RoutedStream extends PrintStream {
  private final Supplier<PrintStream> target;

  RoutedStream(Supplier<PrintStream> target) {
    super(OutputStream.nullOutputStream());
    this.target = target;
  }

  @Override
  public void flush() {
    target.get().flush();
  }

  @Override
  public void close() {
    // Nobody who was merely given the standard stream may close it for the others.
    target.get().flush();
  }

  @Override
  public boolean checkError() {
    return target.get().checkError();
  }

  @Override
  public void write(int b) {
    target.get().write(b);
  }

  @Override
  public void write(byte[] buf, int off, int len) {
    target.get().write(buf, off, len);
  }

  @Override
  public void write(byte[] buf) throws IOException {
    target.get().write(buf);
  }

  @Override
  public void writeBytes(byte[] buf) {
    target.get().writeBytes(buf);
  }

  @Override
  public void print(boolean b) {
    target.get().print(b);
  }

  @Override
  public void print(char c) {
    target.get().print(c);
  }

  @Override
  public void print(int i) {
    target.get().print(i);
  }

  @Override
  public void print(long l) {
    target.get().print(l);
  }

  @Override
  public void print(float f) {
    target.get().print(f);
  }

  @Override
  public void print(double d) {
    target.get().print(d);
  }

  @Override
  public void print(char[] s) {
    target.get().print(s);
  }

  @Override
  public void print(@Nullable String s) {
    target.get().print(s);
  }

  @Override
  public void print(@Nullable Object obj) {
    target.get().print(obj);
  }

  @Override
  public void println() {
    target.get().println();
  }

  @Override
  public void println(boolean b) {
    target.get().println(b);
  }

  @Override
  public void println(char c) {
    target.get().println(c);
  }

  @Override
  public void println(int i) {
    target.get().println(i);
  }

  @Override
  public void println(long l) {
    target.get().println(l);
  }

  @Override
  public void println(float f) {
    target.get().println(f);
  }

  @Override
  public void println(double d) {
    target.get().println(d);
  }

  @Override
  public void println(char[] s) {
    target.get().println(s);
  }

  @Override
  public void println(@Nullable String s) {
    target.get().println(s);
  }

  @Override
  public void println(@Nullable Object obj) {
    target.get().println(obj);
  }

  @Override
  public PrintStream printf(String format, @Nullable Object... args) {
    target.get().printf(format, args);
    return this;
  }

  @Override
  public PrintStream printf(@Nullable Locale l, String format, @Nullable Object... args) {
    target.get().printf(l, format, args);
    return this;
  }

  @Override
  public PrintStream format(String format, @Nullable Object... args) {
    target.get().format(format, args);
    return this;
  }

  @Override
  public PrintStream format(@Nullable Locale l, String format, @Nullable Object... args) {
    target.get().format(l, format, args);
    return this;
  }

  @Override
  public PrintStream append(@Nullable CharSequence csq) {
    target.get().append(csq);
    return this;
  }

  @Override
  public PrintStream append(@Nullable CharSequence csq, int start, int end) {
    target.get().append(csq, start, end);
    return this;
  }

  @Override
  public PrintStream append(char c) {
    target.get().append(c);
    return this;
  }
}
