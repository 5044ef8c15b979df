package com.paiml.duende.adapter.pepita.image;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** The guest's init as this bundle carries it, built from src/main/c. */
public final class GuestInit {
  private GuestInit() {}

  /** {@return its bytes} */
  public static byte[] bytes() throws DaemonException {
    try (InputStream in = GuestInit.class.getResourceAsStream("init-x86_64")) {
      if (in != null) {
        return in.readAllBytes();
      }
    } catch (IOException e) {
      throw missing(e.toString());
    }
    throw missing(howBuilt());
  }

  private static String howBuilt() {
    try (InputStream in = GuestInit.class.getResourceAsStream("init-x86_64.txt")) {
      return in == null
          ? "it was built where there is no C"
          : new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static DaemonException missing(String why) {
    return new DaemonException(
        ErrorCode.NOT_FOUND,
        "the guest's init",
        "is not in this bundle: " + why,
        "build Duende where there is a C compiler");
  }
}
