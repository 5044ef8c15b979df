package com.paiml.duende.adapter.container.containerd;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which releases of containerd will do: from 1.3 on there is the shim of the second version for runc. */
final class Release {
  private static final int OLDEST_OF_ONE = 3;
  private static final Pattern NUMBERS = Pattern.compile("v?(\\d{1,6})\\.(\\d{1,6}).*");

  private Release() {}

  /**
   * @param version as containerd tells it
   * @param thing which containerd, in words
   */
  static void refuseOld(String version, String thing) throws DaemonException {
    Matcher numbers = NUMBERS.matcher(version);
    // A build without a number is somebody's own, and new.
    if (!numbers.matches()) {
      return;
    }
    int major = Integer.parseInt(numbers.group(1));
    if (major == 0 || (major == 1 && Integer.parseInt(numbers.group(2)) < OLDEST_OF_ONE)) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          thing,
          "is version " + version + ", and 1." + OLDEST_OF_ONE + " is the oldest that will do",
          "install a newer containerd");
    }
  }
}
