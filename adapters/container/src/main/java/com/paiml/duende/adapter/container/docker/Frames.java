package com.paiml.duende.adapter.container.docker;

import java.nio.ByteBuffer;
import java.util.function.BiConsumer;

/**
 * Takes apart what an engine sends of a container's output: frames of eight bytes of header (the stream's number, three
 * zeros, the length as a big-endian number) and that many bytes. For one thread at a time.
 *
 * @see <a href="https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach">Docker
 *     Engine API, “Stream format”</a>
 */
final class Frames {
  private static final int HEADER = 8;

  /** No engine sends longer ones. */
  private static final int MAX_FRAME = 8 << 20;

  private final BiConsumer<Integer, byte[]> to;
  private final byte[] header = new byte[HEADER];
  private int headerRead;
  private byte[] frame = new byte[0];
  private int frameRead;

  /** @param to takes the number of the stream (1 output, 2 error) and a whole frame */
  Frames(BiConsumer<Integer, byte[]> to) {
    this.to = to;
  }

  /** @throws IllegalStateException when this is no such stream */
  void take(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      if (headerRead < HEADER) {
        header[headerRead++] = bytes.get();
        if (headerRead == HEADER) {
          begin();
        }
      } else {
        int count = Math.min(bytes.remaining(), frame.length - frameRead);
        bytes.get(frame, frameRead, count);
        frameRead += count;
        if (frameRead == frame.length) {
          end();
        }
      }
    }
  }

  private void begin() {
    int length = ByteBuffer.wrap(header, 4, 4).getInt();
    if (header[0] > 3 || length < 0 || length > MAX_FRAME) {
      throw new IllegalStateException("the engine sends no frames of output");
    }
    frame = new byte[length];
    frameRead = 0;
    if (length == 0) {
      end();
    }
  }

  private void end() {
    headerRead = 0;
    to.accept((int) header[0], frame);
  }
}
