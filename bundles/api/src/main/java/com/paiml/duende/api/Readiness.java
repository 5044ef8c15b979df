package com.paiml.duende.api;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * When a started daemon can do its work, table {@code [readiness]}.
 *
 * @param type how it shows
 * @param url for {@code http}: {@code http://HOST:PORT/PATH}; ready at a status 200 to 399
 * @param address for {@code tcp}: {@code HOST:PORT}; ready when it accepts a connection
 * @param command for {@code exec}: program and arguments; ready at exit status 0
 * @param pattern for {@code log}: a regular expression found in a line
 * @param fd for {@code fd}: the descriptor, 3 or above, on which the daemon writes a line
 * @param timeout ready within this, else the start has failed
 * @param interval between two tries of http, tcp and exec
 */
public record Readiness(
    Type type,
    String url,
    String address,
    List<String> command,
    String pattern,
    int fd,
    Duration timeout,
    Duration interval) {

  /** How readiness shows. Written in lower case. */
  public enum Type {
    /** Running is ready. */
    NONE,
    /** {@code READY=1} to the socket of {@code NOTIFY_SOCKET}, sd_notify(3). */
    NOTIFY,
    /** A line on a descriptor. */
    FD,
    /** A line in the log. */
    LOG,
    TCP,
    HTTP,
    EXEC,
    /** The host protocol: {@link DaemonContext#ready()} in a JVM of its own. */
    HOST;

    /** The word of the daemon file. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public static final Readiness DEFAULT =
      new Readiness(
          Type.NONE, "", "", List.of(), "", 3, Duration.ofSeconds(20), Duration.ofMillis(100));

  public Readiness {
    command = List.copyOf(command);
  }
}
