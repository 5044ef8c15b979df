package com.paiml.duende.adapter.wos.kernel;

/** What a process is doing. */
public enum ProcessState {
  /** Has a CPU slot. */
  RUNNING('R'),
  /** Waits for a slot. */
  READY('r'),
  /** Its session has used up its CPU quota for now. */
  THROTTLED('q'),
  /** Waits for something else: time, a pipe, a child. */
  SLEEPING('S'),
  STOPPED('T'),
  /** Has ended; its parent has not asked how. */
  ZOMBIE('Z');

  private final char letter;

  ProcessState(char letter) {
    this.letter = letter;
  }

  /** {@return the letter of ps} */
  public char letter() {
    return letter;
  }
}
