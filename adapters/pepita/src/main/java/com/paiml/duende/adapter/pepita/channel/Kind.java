package com.paiml.duende.adapter.pepita.channel;

/** Kinds of frames; the guest's half, with the bodies, is in {@code src/main/c/wire.h}. */
public final class Kind {
  /** Of the language between host and guest. */
  public static final int VERSION = 1;

  public static final int HELLO = 1;
  public static final int AUTH = 2;
  public static final int CONFIG = 3;
  public static final int PREPARE = 4;
  public static final int FILE_BEGIN = 5;
  public static final int FILE_DATA = 6;
  public static final int FILE_IMAGE = 7;
  public static final int START = 8;
  public static final int SIGNAL = 9;
  public static final int LOG_ACK = 10;
  public static final int EXEC = 11;
  public static final int EXEC_KILL = 12;
  public static final int LIMITS = 13;
  public static final int USAGE = 14;
  public static final int EXIT_ACK = 15;
  public static final int STREAM_OPEN = 16;
  public static final int STREAM_DATA = 17;
  public static final int STREAM_CLOSE = 18;
  public static final int STREAM_CREDIT = 19;
  public static final int ECHO = 20;
  public static final int HOLD = 21;
  public static final int GO_ON = 22;

  static final int HELLO_OK = 65;
  static final int STATE = 66;
  static final int FAILED = 67;
  static final int FILE_OK = 68;
  static final int STARTED = 69;
  static final int LOG = 70;
  static final int EXIT = 71;
  static final int NOTIFY = 72;
  static final int EXEC_DONE = 73;
  static final int LIMITS_ARE = 74;
  static final int USAGE_IS = 75;
  static final int STREAM_OPENED = 76;
  static final int ECHOED = 77;
  static final int HELD = 78;

  private Kind() {}
}
