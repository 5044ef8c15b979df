package com.paiml.duende.linux.kernel;

/**
 * A pipe, pipe2(2). Both ends are closed on exec; the reading end does not block.
 *
 * @param source the end to read from
 * @param sink the end to write to, and to hand to a child
 */
public record Pipe(Descriptor source, Descriptor sink) implements AutoCloseable {
  @Override
  public void close() {
    source.close();
    sink.close();
  }
}
