package com.paiml.duende.ublk.control;

import java.util.Optional;
import java.util.Set;

/**
 * What the kernel knows of a device.
 *
 * @param id number in {@code /dev/ublkbN} and {@code /dev/ublkcN}
 * @param queues hardware queues
 * @param depth requests in flight for each
 * @param state its state
 * @param maxIo bytes of the largest request
 * @param pid the thread group that serves it; -1 for none
 * @param features what was agreed upon when it was added
 * @param mark who added it, where that was Duende
 * @param owner uid that owns it
 */
public record DeviceInfo(
    int id,
    int queues,
    int depth,
    DeviceState state,
    int maxIo,
    int pid,
    Set<Feature> features,
    Optional<ServerMark> mark,
    int owner) {

  /** The block device. */
  public String blockPath() {
    return "/dev/ublkb" + id;
  }

  /** The device that its server talks through. */
  public String charPath() {
    return charPath(id);
  }

  static String charPath(int id) {
    return "/dev/ublkc" + id;
  }

  /** Whether a process without privileges added it. */
  public boolean unprivileged() {
    return features.contains(Feature.UNPRIVILEGED);
  }
}
