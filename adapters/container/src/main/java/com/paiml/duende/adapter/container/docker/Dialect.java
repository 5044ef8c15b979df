package com.paiml.duende.adapter.container.docker;

import com.paiml.duende.adapter.container.http.Json;
import com.paiml.duende.adapter.container.http.UnixHttp;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;

/**
 * Which engine answers on a socket, and in which version of the API it is spoken to.
 *
 * @param podman whether it is Podman, which speaks Docker's API and more of its own
 * @param engine version of the engine
 * @param api version of Docker's API
 * @param libpod version of Podman's own API; empty for Docker
 */
record Dialect(boolean podman, String engine, String api, String libpod) {
  /** The oldest that has all that is asked for: Docker 19.03. */
  static final String OLDEST = "1.40";

  /** The newest that was read when this was written: Docker 28. */
  static final String NEWEST = "1.51";

  private static final String API = "\\d{1,9}\\.\\d{1,9}";

  static Dialect negotiate(UnixHttp http, String title, Deadline deadline) throws DaemonException {
    String thing = title + " at " + http.socket();
    // Podman says all that is needed in the headers of this one, and its API has the version of the
    // engine. To tell its version it asks the packages of the machine: a third of a second of
    // processor time.
    UnixHttp.Answer greeting = http.get("/_ping", deadline);
    String libpod = libpodVersion(greeting.header("libpod-api-version"));
    String spoken = greeting.header("api-version");
    if (greeting.ok() && libpod.matches(API + "\\.\\d{1,9}") && spoken.matches(API)) {
      refuseOld(spoken, thing);
      return new Dialect(true, libpod, atMostNewest(spoken), libpod);
    }
    UnixHttp.Answer answer = http.get("/version", deadline);
    if (!answer.ok()) {
      throw new DaemonException(
          ErrorCode.IO,
          thing,
          "does not tell its version: status " + answer.status(),
          "see whether it is really an engine that listens there");
    }
    Json version = Json.object(answer.text(), thing);
    String theirs = version.at("ApiVersion").text();
    if (!theirs.matches(API)) {
      throw new DaemonException(
          ErrorCode.IO,
          thing,
          "does not tell the version of its API",
          "see whether it is really an engine that listens there");
    }
    refuseOld(theirs, thing);
    String oldest = version.at("MinAPIVersion").text();
    boolean podman = false;
    for (Json component : version.at("Components").items()) {
      podman |= component.at("Name").text().equals("Podman Engine");
    }
    if (!podman && oldest.matches(API) && compare(oldest, NEWEST) > 0) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          thing,
          "speaks no version of the API below " + oldest + ", and " + NEWEST + " is known here",
          "install a newer Duende, or set DOCKER_MIN_API_VERSION=" + NEWEST + " for the engine");
    }
    return new Dialect(
        podman,
        version.at("Version").text(),
        atMostNewest(theirs),
        podman ? libpodVersion(version.at("Version").text()) : "");
  }

  private static void refuseOld(String theirs, String thing) throws DaemonException {
    if (compare(theirs, OLDEST) < 0) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          thing,
          "speaks version " + theirs + " of the API, and " + OLDEST + " is the oldest that will do",
          "install a newer engine (Docker 19.03, Podman 3.0)");
    }
  }

  private static String atMostNewest(String theirs) {
    return compare(theirs, NEWEST) > 0 ? NEWEST : theirs;
  }

  private static String libpodVersion(String text) {
    return text.replaceAll("^(\\d+\\.\\d+\\.\\d+).*", "$1");
  }

  /** Compares numbers of two parts. */
  static int compare(String a, String b) {
    String[] one = a.split("\\.", 2);
    String[] two = b.split("\\.", 2);
    int major = Integer.compare(Integer.parseInt(one[0]), Integer.parseInt(two[0]));
    return major != 0 ? major : Integer.compare(Integer.parseInt(one[1]), Integer.parseInt(two[1]));
  }

  /** A path of Docker's API. */
  String path(String path) {
    return "/v" + api + path;
  }

  /** A path of Podman's own. */
  String libpodPath(String path) {
    return "/v" + libpod + "/libpod" + path;
  }
}
