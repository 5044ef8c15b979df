package com.paiml.duende.adapter.launchd;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.LaunchSpec;
import java.nio.charset.StandardCharsets;

/**
 * What macOS hands to a program at most: {@code ARG_MAX} of {@code sys/syslimits.h}, for arguments and variables together,
 * each with its end and its pointer, see execve(2). launchd itself takes a job with more, and fails each start of it with
 * nothing but "Input/output error".
 */
final class ArgMax {
  static final long BYTES = 1024 * 1024;

  private static final int END_AND_POINTER = 1 + Long.BYTES;

  private ArgMax() {}

  static void refuseMore(LaunchSpec spec) throws DaemonException {
    long bytes = 0;
    for (String word : spec.args()) {
      bytes += length(word);
    }
    for (String variable : spec.env()) {
      bytes += length(variable);
    }
    if (bytes > BYTES) {
      throw new DaemonException(
          ErrorCode.SPAWN,
          spec.name(),
          "its arguments and variables take " + bytes + " bytes; macOS takes " + BYTES,
          "shorten args or env, or pass what is long in a file");
    }
  }

  private static long length(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length + (long) END_AND_POINTER;
  }
}
