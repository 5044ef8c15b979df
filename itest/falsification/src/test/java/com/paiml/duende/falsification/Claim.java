package com.paiml.duende.falsification;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Something that is claimed.
 *
 * @param id F001 to F110
 * @param section heading in the report
 * @param text the claim
 * @param untested why there is no test of it here; empty when there is one
 */
record Claim(String id, String section, String text, String untested) {

  /** All 110, in order of their ids. */
  static Map<String, Claim> all() {
    Map<String, Claim> claims = new LinkedHashMap<>();
    try (BufferedReader in =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(Claim.class.getResourceAsStream("/claims.txt")),
                StandardCharsets.UTF_8))) {
      String section = "";
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.startsWith("#") || line.isBlank()) {
          continue;
        }
        String[] parts = line.split("\\|", -1);
        if (parts.length == 1) {
          section = line;
        } else if (parts.length == 3) {
          claims.put(parts[0], new Claim(parts[0], section, parts[1], parts[2]));
        } else {
          throw new IllegalStateException("claims.txt: not a claim: " + line);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return claims;
  }
}
