package com.paiml.duende.lab;

/** Something that a part of the lab needs is not on this machine; the message is the reason with which tests are skipped. */
public final class Missing extends Exception {
  private static final long serialVersionUID = 1L;

  public Missing(String reason) {
    super(reason);
  }
}
