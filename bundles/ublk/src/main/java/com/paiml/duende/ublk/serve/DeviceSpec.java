package com.paiml.duende.ublk.serve;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.ublk.control.Feature;
import java.util.EnumSet;
import java.util.Set;

/**
 * What a device is to be.
 *
 * @param id its number; -1 for the first free one
 * @param queues hardware queues, each with a thread
 * @param depth requests in flight for each queue, 1 to 4096
 * @param maxIo bytes of the largest request, a multiple of 4096
 * @param recovery what becomes of it when its server dies
 * @param readOnly whether it can only be read
 * @param copy who copies the data of requests
 * @param unprivileged whether it is added by a process without privileges, and is that user's; then it cannot survive
 */
public record DeviceSpec(
    int id,
    int queues,
    int depth,
    int maxIo,
    Survival recovery,
    boolean readOnly,
    Copy copy,
    boolean unprivileged) {

  /**
   * The features to ask for.
   *
   * @param offered what the kernel has
   * @throws DaemonException {@code not-supported} where a device of an unprivileged process is wanted and it has none
   */
  Set<Feature> features(Set<Feature> offered) throws DaemonException {
    Set<Feature> wanted = recovery.features(offered);
    if (unprivileged) {
      if (!offered.contains(Feature.UNPRIVILEGED)) {
        throw new DaemonException(
            ErrorCode.NOT_SUPPORTED,
            "ublk",
            "this kernel gives devices to privileged processes only",
            "run as root, or take Linux 6.5 or later");
      }
      wanted.add(Feature.UNPRIVILEGED);
    }
    switch (copy) {
      case KERNEL -> {}
      case USER -> wanted.add(Feature.USER_COPY);
      case NONE -> {
        if (!offered.contains(Feature.AUTO_BUFFERS)) {
          throw new DaemonException(
              ErrorCode.NOT_SUPPORTED,
              "ublk",
              "this kernel cannot do without copying",
              "leave out --copy none, or take Linux 6.16 or later");
        }
        wanted.add(Feature.AUTO_BUFFERS);
      }
    }
    return wanted;
  }

  /** How the data of requests gets to where it is served from. */
  public enum Copy {
    /** The kernel copies it to and from the server's memory. */
    KERNEL,
    /** The server copies it from and to where it wants it, with a system call for each request. */
    USER,
    /** Nobody: the file is read into the request's own pages, and written from them. */
    NONE
  }

  /** What becomes of a device whose server has died. */
  public enum Survival {
    /** It goes; its number has to be cleaned up. */
    NONE,
    /** Requests wait for the next server; those that the dead one had are given out again. */
    REISSUE,
    /** Requests wait for the next server; those that the dead one had fail with EIO. */
    WAIT,
    /** Requests fail until the next server. */
    FAIL;

    /**
     * The features to ask for.
     *
     * @param offered what the kernel has
     */
    Set<Feature> features(Set<Feature> offered) {
      Set<Feature> wanted =
          switch (this) {
            case NONE -> EnumSet.noneOf(Feature.class);
            case REISSUE -> EnumSet.of(Feature.USER_RECOVERY, Feature.USER_RECOVERY_REISSUE);
            case WAIT -> EnumSet.of(Feature.USER_RECOVERY);
            case FAIL -> EnumSet.of(Feature.USER_RECOVERY, Feature.USER_RECOVERY_FAIL_IO);
          };
      if (offered.contains(Feature.IOCTL_ENCODING)) {
        wanted.add(Feature.IOCTL_ENCODING);
      }
      return wanted;
    }
  }
}
