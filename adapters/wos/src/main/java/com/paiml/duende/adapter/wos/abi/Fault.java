package com.paiml.duende.adapter.wos.abi;

/** A host call fails with an error number. Has no stack trace: it is an answer, not an accident. */
public final class Fault extends Exception {

  private static final long serialVersionUID = 1;

  private final Errno errno;

  public Fault(Errno errno) {
    super(errno.symbol(), null, false, false);
    this.errno = errno;
  }

  public Errno errno() {
    return errno;
  }
}
