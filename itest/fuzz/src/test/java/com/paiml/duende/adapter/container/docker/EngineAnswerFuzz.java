package com.paiml.duende.adapter.container.docker;

import com.paiml.duende.adapter.container.http.Json;
import com.paiml.duende.api.DaemonException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** What Docker and Podman answer: descriptions of containers, and their output. */
public final class EngineAnswerFuzz {
  private EngineAnswerFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    try {
      var _ = States.of(Json.object(new String(input, StandardCharsets.UTF_8), "the engine"));
    } catch (DaemonException refused) {
      if (refused.problem().isEmpty()) {
        throw new AssertionError("refused without a word", refused);
      }
    }
    Frames frames = new Frames((stream, bytes) -> {});
    try {
      // In two pieces, as it comes.
      frames.take(ByteBuffer.wrap(input, 0, input.length / 2));
      frames.take(ByteBuffer.wrap(input, input.length / 2, input.length - input.length / 2));
    } catch (IllegalStateException refused) {
      // As it says it does.
    }
  }
}
