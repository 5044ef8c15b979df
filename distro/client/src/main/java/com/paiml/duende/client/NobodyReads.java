package com.paiml.duende.client;

import java.io.IOException;

/** Standard output is closed: {@code duende logs web | head}. */
final class NobodyReads extends IOException {
  private static final long serialVersionUID = 1L;

  NobodyReads(IOException cause) {
    super(cause);
  }
}
