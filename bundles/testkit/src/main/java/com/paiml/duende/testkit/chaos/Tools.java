package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Programs of the machine that faults are made with. */
final class Tools {
  private Tools() {}

  /**
   * Its whole path: shells of small systems take a word for a program of their own.
   *
   * @param fault who needs it
   * @param debianPackage what has it
   */
  static String need(String program, String fault, String debianPackage) throws DaemonException {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":", -1))
        .map(folder -> Path.of(folder, program))
        .filter(Path::isAbsolute)
        .filter(Files::isExecutable)
        .map(Path::toString)
        .findFirst()
        .orElseThrow(
            () ->
                new DaemonException(
                    ErrorCode.NOT_SUPPORTED,
                    "chaos " + fault,
                    "there is no " + program + " on the path",
                    "install it (Debian: apt-get install " + debianPackage + ")"));
  }
}
