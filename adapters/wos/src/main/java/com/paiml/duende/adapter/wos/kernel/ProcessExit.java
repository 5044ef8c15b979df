package com.paiml.duende.adapter.wos.kernel;

/** Unwinds the thread of a process that called {@code proc_exit}. */
public final class ProcessExit extends Error {

  private static final long serialVersionUID = 1;

  private final int code;

  public ProcessExit(int code) {
    super("exit " + code, null, false, false);
    this.code = code;
  }

  public int code() {
    return code;
  }
}
