package com.paiml.duende.manager.file;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** What a text must look like. Each check gives what is wrong, or nothing. */
final class Texts {
  /** MAX_ARG_STRLEN of the Linux kernel, 32 pages: one argument or variable with its final NUL. */
  static final int MAX_ARGUMENT = 131_072;

  /** PATH_MAX and NAME_MAX, linux/limits.h; the first counts the final NUL. */
  static final int MAX_PATH = 4096;

  static final int MAX_PATH_PART = 255;

  /** The compiler of regular expressions needs stack for every parenthesis. */
  static final int MAX_PATTERN = 1000;

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,64}");
  private static final Pattern CAPABILITY = Pattern.compile("CAP_[A-Z][A-Z0-9_]{1,40}");
  private static final Pattern ADDRESS =
      Pattern.compile("(?:\\[[0-9A-Fa-f:.%a-z]{2,60}\\]|[^\\s:\\[\\]/]{1,255}):(\\d{1,5})");

  private Texts() {}

  private static Optional<Problem> problem(String problem, String remedy) {
    return Optional.of(new Problem(problem, remedy));
  }

  /** A text as it is quoted in a message. */
  static String shorten(String text) {
    StringBuilder s = new StringBuilder();
    text.codePoints()
        .limit(40)
        .forEach(
            c -> s.appendCodePoint(Character.isISOControl(c) || !Character.isDefined(c) ? '?' : c));
    return text.codePointCount(0, text.length()) > 40 ? s + "…" : s.toString();
  }

  static Optional<Problem> printable(String text) {
    return text.indexOf('\0') >= 0
        ? problem("holds the character U+0000, which no program can be given", "remove it")
        : Optional.empty();
  }

  static Optional<Problem> name(String text) {
    return NAME.matcher(text).matches() ? Optional.empty() : noName(text);
  }

  static Optional<Problem> noName(String text) {
    String what =
        text.contains("/") || text.contains("\\") || text.equals("..") || text.equals(".")
            ? "a path"
            : text.length() > 64 ? "too long" : "";
    return problem(
        "\"" + shorten(text) + "\" is " + (what.isEmpty() ? "not a name" : what + ", not a name"),
        "a name is 1 to 64 letters, digits, - and _");
  }

  static Optional<Problem> argument(String text) {
    int bytes = bytes(text);
    return bytes < MAX_ARGUMENT
        ? Optional.empty()
        : problem(
            "is "
                + bytes
                + " bytes long, and no program can be given more than "
                + (MAX_ARGUMENT - 1)
                + " in one piece",
            "put it into a file");
  }

  static Optional<Problem> variable(String text) {
    int equals = text.indexOf('=');
    if (equals <= 0) {
      return problem(
          "\"" + shorten(text) + "\" is not NAME=VALUE", "write for example \"PORT=8080\"");
    }
    return argument(text)
        .map(
            p ->
                new Problem(
                    text.substring(0, Math.min(equals, 64)) + " " + p.problem(), p.remedy()));
  }

  static Optional<Problem> path(String text) {
    if (bytes(text) >= MAX_PATH) {
      return problem(
          "is " + bytes(text) + " bytes long, and a path has at most " + (MAX_PATH - 1),
          "shorten it");
    }
    for (String part : text.split("/")) {
      if (bytes(part) > MAX_PATH_PART) {
        return problem(
            "\""
                + shorten(part)
                + "\" is "
                + bytes(part)
                + " bytes long, and a file's name has at most "
                + MAX_PATH_PART,
            "shorten it");
      }
    }
    return Optional.empty();
  }

  static Optional<Problem> absolute(String text) {
    return text.startsWith("/")
        ? path(text)
        : problem(
            "\"" + shorten(text) + "\" is not an absolute path", "begin it with / from the root");
  }

  static Optional<Problem> url(String text) {
    try {
      URI uri = new URI(text);
      if ("http".equalsIgnoreCase(uri.getScheme())
          && uri.getHost() != null
          && uri.getPort() <= 65_535
          && uri.getPort() != 0) {
        return Optional.empty();
      }
    } catch (URISyntaxException e) {
      return problem(
          "\"" + shorten(text) + "\" is not a URL: " + e.getReason().toLowerCase(Locale.ROOT),
          "write http://HOST:PORT/PATH");
    }
    return problem("\"" + shorten(text) + "\" is not an HTTP URL", "write http://HOST:PORT/PATH");
  }

  static Optional<Problem> address(String text) {
    var matcher = ADDRESS.matcher(text);
    if (matcher.matches()) {
      int port = Integer.parseInt(matcher.group(1));
      if (port >= 1 && port <= 65_535) {
        return Optional.empty();
      }
    }
    return problem(
        "\"" + shorten(text) + "\" is not HOST:PORT",
        "write for example \"127.0.0.1:5432\" or \"[::1]:5432\"");
  }

  static Optional<Problem> pattern(String text) {
    if (text.length() > MAX_PATTERN) {
      return problem("is longer than " + MAX_PATTERN + " characters", "write a simpler one");
    }
    try {
      var _ = Pattern.compile(text);
      return Optional.empty();
    } catch (PatternSyntaxException e) {
      return problem(
          "is not a regular expression: "
              + e.getDescription().toLowerCase(Locale.ROOT)
              + " at character "
              + (e.getIndex() + 1),
          "see java.util.regex.Pattern, and write it in single quotes");
    }
  }

  static Optional<Problem> capability(String text) {
    return CAPABILITY.matcher(text).matches()
        ? Optional.empty()
        : problem(
            "\"" + shorten(text) + "\" is not a capability",
            "write names of capabilities(7) such as \"CAP_NET_BIND_SERVICE\"");
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
