package com.paiml.duende.adapter.wos.sched;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Who waits at one level: its own, round robin, and guests that rose to it, in the order of their arrival. */
final class Level {

  final ArrayDeque<Task> own = new ArrayDeque<>();
  final ArrayDeque<Task> guests = new ArrayDeque<>();
  private int ownTurns;

  boolean isEmpty() {
    return own.isEmpty() && guests.isEmpty();
  }

  int size() {
    return own.size() + guests.size();
  }

  ArrayDeque<Task> queueOf(Task task) {
    return task.guest() ? guests : own;
  }

  /** Takes who is next: after {@code guestEvery - 1} of its own, a guest. */
  @Nullable Task take(int guestEvery) {
    boolean guest = !guests.isEmpty() && (own.isEmpty() || ownTurns >= guestEvery - 1);
    ownTurns = guest ? 0 : ownTurns + 1;
    return guest ? guests.poll() : own.poll();
  }
}
