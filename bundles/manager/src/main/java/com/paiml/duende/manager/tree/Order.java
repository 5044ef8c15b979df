package com.paiml.duende.manager.tree;

import com.paiml.duende.manager.life.Message;

/** What the tree wants to have done. */
public sealed interface Order {

  /**
   * A message to one daemon. Once it is handled, the tree wants to be told by {@link Tree#seen} with this sequence.
   *
   * @param ticket names the call that waits for it; 0: nobody does
   * @param sequence grows with each order to this daemon
   */
  record Send(String daemon, Message message, long ticket, long sequence) implements Order {}

  /** All that a call asked for has been done. */
  record Done(long ticket) implements Order {}
}
