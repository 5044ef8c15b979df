package com.paiml.duende.shell.wire;

import java.io.IOException;

/** What the other side sent is not of this protocol. */
public final class MalformedFrame extends IOException {
  private static final long serialVersionUID = 1L;

  public MalformedFrame(String what) {
    super(what);
  }
}
