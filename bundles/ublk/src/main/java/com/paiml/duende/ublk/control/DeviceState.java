package com.paiml.duende.ublk.control;

import java.util.Locale;

/** States of a device, {@code UBLK_S_DEV_} of {@code linux/ublk_cmd.h}, and what a newer kernel may say. */
public enum DeviceState {
  /** Added and not started, or stopped: it has no disk. */
  DEAD,
  /** Served. */
  LIVE,
  /** Its server has gone; I/O waits for the next. */
  QUIESCED,
  /** Its server has gone; I/O fails until the next. */
  FAIL_IO,
  /** Of a newer kernel. */
  UNKNOWN;

  static DeviceState of(int number) {
    return switch (number) {
      case 0 -> DEAD;
      case 1 -> LIVE;
      case 2 -> QUIESCED;
      case 3 -> FAIL_IO;
      default -> UNKNOWN;
    };
  }

  /** As people read it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
