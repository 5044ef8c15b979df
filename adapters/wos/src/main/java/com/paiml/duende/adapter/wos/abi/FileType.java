package com.paiml.duende.adapter.wos.abi;

/** Types of files ({@code $filetype}). */
public enum FileType {
  UNKNOWN(0),
  CHARACTER_DEVICE(2),
  DIRECTORY(3),
  REGULAR_FILE(4),
  SYMBOLIC_LINK(7);

  private final int code;

  FileType(int code) {
    this.code = code;
  }

  public int code() {
    return code;
  }
}
