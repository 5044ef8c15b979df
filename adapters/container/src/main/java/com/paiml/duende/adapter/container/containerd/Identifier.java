package com.paiml.duende.adapter.container.containerd;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * What containerd takes for the identifier of a container: letters and digits, single marks between them, 76 characters at most
 * (containerd's pkg/identifiers/validate.go). Daemons have other names, too.
 */
final class Identifier {
  private static final int MOST = 76;
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9]+([._-][A-Za-z0-9]+)*");
  private static final int HASH_BYTES = 8;

  private Identifier() {}

  /**
   * The name itself where it is one; else what is left of it, with a hash of it, so that two names stay two. What is an
   * identifier already stays what it is.
   */
  static String of(String name) {
    if (name.length() <= MOST && FORM.matcher(name).matches()) {
      return name;
    }
    String hash = hash(name);
    String plain = trimmed(name.replaceAll("[^A-Za-z0-9]+", "-"));
    String begin = trimmed(plain.substring(0, Math.min(plain.length(), MOST - 1 - hash.length())));
    return begin.isEmpty() ? hash : begin + "-" + hash;
  }

  private static String trimmed(String text) {
    return text.replaceAll("^-|-$", "");
  }

  private static String hash(String name) {
    try {
      byte[] all =
          MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(all, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
