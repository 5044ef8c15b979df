package com.paiml.duende.adapter.pepita.channel;

/**
 * What a guest was doing when a session began.
 *
 * @param phase its phase
 * @param pid the program's number in the guest, 0 before it runs
 */
public record GuestState(Phase phase, int pid) {
  /** Phases of a guest's life. */
  public enum Phase {
    NEW,
    PREPARED,
    RUNNING,
    ENDED
  }
}
