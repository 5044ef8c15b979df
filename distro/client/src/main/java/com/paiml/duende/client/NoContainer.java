package com.paiml.duende.client;

import java.io.IOException;

/** Nobody listens on the control socket. */
final class NoContainer extends IOException {
  private static final long serialVersionUID = 1L;

  NoContainer(String sentence) {
    super(sentence);
  }
}
