package com.paiml.duende.ublk.control;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.kernel.Errno;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * The first half of user recovery: taking over a device whose server has gone. Linux 6.12 answers EBUSY for as long as requests
 * of the dead server are in flight (30 s when it held every tag), and EINVAL when a server died in the middle of a recovery,
 * where the device is quiesced and there is nothing to begin.
 */
public final class Recovery {
  /** Longer than the 30 s of the kernel's own request timeout. */
  public static final Duration MOST = Duration.ofSeconds(90);

  private static final long PAUSE_MILLIS = 5;

  private final Control control;

  public Recovery(Control control) {
    this.control = control;
  }

  /** Whether there is something to recover: a device that outlived its server. */
  public static boolean awaits(DeviceInfo device) {
    return device.features().contains(Feature.USER_RECOVERY)
        && device.state() != DeviceState.DEAD
        && device.state() != DeviceState.UNKNOWN;
  }

  /**
   * Begins it, as soon as the kernel lets go of the dead server.
   *
   * @return how often the kernel had to be asked again
   * @throws DaemonException {@code invalid-state} when its server lives, {@code timeout} when the kernel does not let go
   */
  public int begin(int id) throws DaemonException, InterruptedException {
    long end = System.nanoTime() + MOST.toNanos();
    for (int again = 0; ; again++) {
      DeviceInfo device =
          control
              .info(id)
              .orElseThrow(
                  () ->
                      new DaemonException(
                          ErrorCode.NOT_FOUND, "ublk device " + id, "is gone", "add a new one"));
      if (!awaits(device)) {
        throw new DaemonException(
            ErrorCode.INVALID_STATE,
            "ublk device " + id,
            "cannot be recovered: it is "
                + device.state().word()
                + (device.features().contains(Feature.USER_RECOVERY)
                    ? ""
                    : " and was added without user recovery"),
            "delete it and add it again");
      }
      int result = control.startRecovery(id);
      if (result == 0) {
        return again;
      }
      boolean quiet =
          device.state() == DeviceState.QUIESCED || device.state() == DeviceState.FAIL_IO;
      if (result == -Errno.EINVAL.number() && quiet) {
        return again; // the last one to recover it got this far
      }
      if (System.nanoTime() > end) {
        throw new DaemonException(
            ErrorCode.TIMEOUT,
            "ublk device " + id,
            "is "
                + device.state().word()
                + " and the kernel has refused recovery with "
                + Errno.nameOf(-result)
                + " for "
                + MOST.toSeconds()
                + " s",
            "see whether process " + device.pid() + " still serves it");
      }
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    }
  }
}
