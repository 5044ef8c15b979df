package com.paiml.duende.adapter.container.containerd;

import com.paiml.duende.api.DaemonException;

/** What containerd answers. */
public final class ContainerdAnswerFuzz {
  private ContainerdAnswerFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    try {
      ProtoMessage message = ProtoMessage.read(input);
      for (int field = 1; field < 8; field++) {
        var _ = message.text(field);
        var _ = message.number(field);
        var _ = message.texts(field);
        try {
          var _ = message.map(field);
        } catch (DaemonException refused) {
          // Its bytes are no messages.
        }
      }
    } catch (DaemonException refused) {
      if (refused.problem().isEmpty()) {
        throw new AssertionError("refused without a word", refused);
      }
    }
  }
}
