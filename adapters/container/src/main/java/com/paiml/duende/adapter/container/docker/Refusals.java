package com.paiml.duende.adapter.container.docker;

import com.paiml.duende.adapter.container.http.Json;
import com.paiml.duende.adapter.container.http.UnixHttp;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.util.Locale;

/** What engines say when they refuse, as errors with a remedy. */
final class Refusals {
  private static final int LONGEST = 600;

  private Refusals() {}

  /** The engine's own words. */
  static String words(UnixHttp.Answer answer) {
    String text = answer.text().strip();
    try {
      String message = Json.object(text, "the engine").at("message").text();
      text = message.isEmpty() ? text : message;
    } catch (DaemonException e) {
      // It said it in plain text.
      text = text.isEmpty() ? "status " + answer.status() : text;
    }
    text = text.replaceAll("\\s+", " ").strip();
    // What begins is what happened; what ends is why. The middle may be an environment of a
    // megabyte.
    return text.length() <= LONGEST
        ? text
        : text.substring(0, LONGEST / 2) + " … " + text.substring(text.length() - LONGEST / 2);
  }

  /** A call was refused. */
  static DaemonException of(ErrorCode code, String thing, String what, UnixHttp.Answer answer) {
    String words = words(answer);
    String low = words.toLowerCase(Locale.ROOT);
    if (low.contains("no space left on device")) {
      return new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          thing,
          what + ": the engine's disk is full: " + words,
          "remove images and containers that nobody needs (docker system prune)");
    }
    if (low.contains("port is already allocated") || low.contains("address already in use")) {
      return new DaemonException(
          ErrorCode.ALREADY_EXISTS,
          thing,
          what + ": a port that it publishes is in use: " + words,
          "choose another in [container] ports, or end what has it");
    }
    if (low.contains("no such file or directory")
        || low.contains("executable file not found")
        || low.contains("not found in $path")) {
      return new DaemonException(
          ErrorCode.SPAWN,
          thing,
          what + ": " + words,
          "see that the program, and what its mounts name, is there");
    }
    if (low.contains("permission denied") || low.contains("operation not permitted")) {
      return new DaemonException(
          ErrorCode.PERMISSION_DENIED,
          thing,
          what + ": " + words,
          "see the rights of the program, and of the engine itself");
    }
    return new DaemonException(
        code, thing, what + ": " + words, "see what the engine says in its log");
  }
}
