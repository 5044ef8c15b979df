package com.paiml.duende.observe.command;

import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonListener;

/** Remembers the last alert. */
final class LastAlert implements DaemonListener {
  private volatile String text = "";

  @Override
  public void onEvent(DaemonEvent event) {
    if (event instanceof DaemonEvent.Alert a) {
      text =
          "alert "
              + a.source().time().toString().substring(11, 19)
              + "Z  "
              + a.source().name()
              + "  "
              + a.kind()
              + ": "
              + a.detail();
    }
  }

  /** One line; empty when there was none. */
  String text() {
    return text;
  }
}
