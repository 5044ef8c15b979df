package com.paiml.duende.lab.container;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * Connects to a port of the loopback address, {@code PORT}, and prints the first line that is said there, in a process of its own
 * because it has to be in an engine's namespaces.
 */
final class ReachMain {
  private static final int PATIENCE_MILLIS = 2_000;

  private ReachMain() {}

  public static void main(String[] words) {
    InetSocketAddress there =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(words[0]));
    try (Socket socket = new Socket()) {
      socket.connect(there, PATIENCE_MILLIS);
      socket.setSoTimeout(PATIENCE_MILLIS);
      BufferedReader said =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      System.out.println(Objects.requireNonNullElse(said.readLine(), ""));
    } catch (IOException nobody) {
      // Nothing is said.
    }
  }
}
