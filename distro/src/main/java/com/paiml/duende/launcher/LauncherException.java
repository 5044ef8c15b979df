package com.paiml.duende.launcher;

/** Why the container cannot start, in one sentence that says what to do. */
final class LauncherException extends Exception {
  private static final long serialVersionUID = 1;

  LauncherException(String message) {
    super(message);
  }

  LauncherException(String message, Throwable cause) {
    super(message + ": " + cause.getMessage(), cause);
  }
}
