package com.paiml.duende.client;

import com.paiml.duende.shell.wire.Frame;
import com.paiml.duende.shell.wire.FrameWriter;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The terminal in the mode of single keys, set and put back by stty(1), which every system has in its own way. */
final class TerminalMode {
  private static final File TERMINAL = new File("/dev/tty");

  private final String before;

  private TerminalMode(String before) {
    this.before = before;
  }

  static TerminalMode keys(FrameWriter writer) throws IOException {
    TerminalMode mode = new TerminalMode(stty("-g"));
    String _ = stty("raw", "-echo");
    follow(writer);
    return mode;
  }

  void restore() {
    try {
      String _ = stty(before);
    } catch (IOException e) {
      System.err.println("duende: " + e.getMessage() + "; 'stty sane' repairs it");
    }
  }

  /** Tells the other side when the window changes its size. Not every JVM lets a program follow that signal. */
  private static void follow(FrameWriter writer) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              handler.getClassLoader(), new Class<?>[] {handler}, new Resized(writer));
      Object _ =
          signal
              .getMethod("handle", signal, handler)
              .invoke(null, signal.getConstructor(String.class).newInstance("WINCH"), proxy);
    } catch (ReflectiveOperationException e) {
      System.err.println("duende: the size of the window is not followed: " + e);
    }
  }

  private static String stty(String... words) throws IOException {
    String[] command = new String[words.length + 1];
    command[0] = "stty";
    System.arraycopy(words, 0, command, 1, words.length);
    Process process =
        new ProcessBuilder(command)
            .redirectInput(TERMINAL)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String answer =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException("stty could not set the terminal");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while stty sets the terminal", e);
    }
    return answer;
  }

  private record Resized(FrameWriter writer) implements InvocationHandler {
    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments)
        throws IOException {
      if (!method.getName().equals("handle")) {
        return method.getName().equals("equals") ? (Object) false : (Object) hashCode();
      }
      String size = stty("size");
      int blank = size.indexOf(' ');
      if (blank > 0) {
        int rows = Environment.number(size, 0, blank);
        int columns = Environment.number(size, blank + 1, size.length());
        writer.write(
            Frame.WINDOW, (byte) (columns >> 8), (byte) columns, (byte) (rows >> 8), (byte) rows);
      }
      return null;
    }
  }
}
