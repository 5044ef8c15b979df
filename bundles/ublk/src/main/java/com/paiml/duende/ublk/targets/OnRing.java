package com.paiml.duende.ublk.targets;

import com.paiml.duende.linux.kernel.Descriptor;

/**
 * A file or block device.
 *
 * @param file open for reading and writing
 * @param size bytes, of the device to be
 * @param block the smallest unit that is read and written, bytes
 */
public record OnRing(Descriptor file, long size, int block) implements Backing {
  @Override
  public boolean volatileCache() {
    return true;
  }

  @Override
  public boolean survives() {
    return true;
  }

  @Override
  public void close() {
    file.close();
  }
}
