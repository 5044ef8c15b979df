package com.paiml.duende.adapter.systemd.bus;

import java.nio.charset.StandardCharsets;

/**
 * What systemd tells of units that are not ours, by the bytes of a message. It tells of every unit of the machine: of some
 * thirty when one is started. No rule of a bus chooses by the beginning of a name, and to unpack them all takes longer than
 * what we do with ours.
 */
final class Others {
  private static final byte SIGNAL = 4;
  private static final byte[] SYSTEMD = bytes("/org/freedesktop/systemd1");

  /** All units of ours have names that begin so: {@code UnitNames}. */
  private static final byte[] NAME = bytes("duende-");

  /** The same in the path of an object. */
  private static final byte[] PATH = bytes("duende_2d");

  private Others() {}

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Whether it is a signal of systemd in which no unit of ours is named.
   *
   * @param type of the message
   * @param header its fields
   * @param body its arguments
   */
  static boolean isOfOthers(byte type, byte[] header, byte[] body) {
    int at = type == SIGNAL ? find(SYSTEMD, header) : -1;
    if (at < 0) {
      return false;
    }
    int end = at + SYSTEMD.length;
    boolean ofManager = end == header.length || header[end] == 0;
    return ofManager ? find(NAME, body) < 0 : find(PATH, header) < 0;
  }

  private static int find(byte[] what, byte[] in) {
    int last = in.length - what.length;
    for (int at = 0; at <= last; at++) {
      if (in[at] == what[0] && isThere(what, in, at)) {
        return at;
      }
    }
    return -1;
  }

  private static boolean isThere(byte[] what, byte[] in, int at) {
    for (int i = 1; i < what.length; i++) {
      if (in[at + i] != what[i]) {
        return false;
      }
    }
    return true;
  }
}
