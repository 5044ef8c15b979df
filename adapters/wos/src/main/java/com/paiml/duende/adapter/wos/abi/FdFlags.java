package com.paiml.duende.adapter.wos.abi;

/** Flags of a descriptor ({@code $fdflags}). */
public final class FdFlags {

  public static final int APPEND = 1;
  public static final int DSYNC = 2;
  public static final int NONBLOCK = 4;
  public static final int RSYNC = 8;
  public static final int SYNC = 16;

  /** All there are. */
  public static final int ALL = 31;

  private FdFlags() {}
}
