package com.paiml.duende.linux.bpf;

import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ProviderType;

/** The reading end of a ring buffer: the kernel's own memory, without a call per record. For one thread at a time. */
@ProviderType
public interface BpfRing extends AutoCloseable {
  /**
   * Hands over what has come, oldest first.
   *
   * @param max at most so many
   * @param reader gets each record in the machine's byte order, to be used only until it returns
   * @return how many it were
   * @throws LinuxException after close
   */
  int drain(int max, Reader reader) throws LinuxException;

  /** How full it is, 0 to 1. */
  double filled() throws LinuxException;

  @Override
  void close();

  /** Takes one record. */
  @FunctionalInterface
  interface Reader {
    void record(ByteBuffer bytes);
  }
}
