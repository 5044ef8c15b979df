package com.paiml.duende.api;

import java.util.Objects;

/**
 * What kind of fault a {@link DaemonException} reports. The list is open: a plug-in may mint codes of its own, in lower
 * case with hyphens. Compare with {@code equals}.
 */
public record ErrorCode(String value) {
  /** The platform cannot do this, and says so in its capabilities. */
  public static final ErrorCode NOT_SUPPORTED = new ErrorCode("not-supported");

  /** The program, container, unit or VM could not be started. */
  public static final ErrorCode SPAWN = new ErrorCode("spawn");

  /** The signal could not be delivered. */
  public static final ErrorCode SIGNAL = new ErrorCode("signal");

  /** The state could not be read. */
  public static final ErrorCode STATUS = new ErrorCode("status");

  /** The tracer could not be attached, or failed. */
  public static final ErrorCode TRACER = new ErrorCode("tracer");

  /** No such daemon, adapter, bundle, image or file. */
  public static final ErrorCode NOT_FOUND = new ErrorCode("not-found");

  /** Something of that name is there already. */
  public static final ErrorCode ALREADY_EXISTS = new ErrorCode("already-exists");

  /** Not in this state; the text names the state and what was asked. */
  public static final ErrorCode INVALID_STATE = new ErrorCode("invalid-state");

  /** A deadline passed. */
  public static final ErrorCode TIMEOUT = new ErrorCode("timeout");

  /** Reading or writing failed. */
  public static final ErrorCode IO = new ErrorCode("io");

  /** The daemon file, or a value given in its place, is wrong. */
  public static final ErrorCode CONFIGURATION = new ErrorCode("configuration");

  /** A limit could not be applied, or was hit. */
  public static final ErrorCode RESOURCE_LIMIT = new ErrorCode("resource-limit");

  /** Rights are missing. */
  public static final ErrorCode PERMISSION_DENIED = new ErrorCode("permission-denied");

  /** A policy said no. */
  public static final ErrorCode POLICY = new ErrorCode("policy");

  /** The adapter left while it was needed; see {@link AdapterGone}. */
  public static final ErrorCode ADAPTER_GONE = new ErrorCode("adapter-gone");

  /** The manager is being replaced, and has not begun what was asked: the next one can be asked the same. */
  public static final ErrorCode MANAGER_GONE = new ErrorCode("manager-gone");

  /** A fault of Duende itself or of a daemon's own code. */
  public static final ErrorCode INTERNAL = new ErrorCode("internal");

  public ErrorCode {
    Objects.requireNonNull(value, "value");
    if (!value.matches("[a-z][a-z0-9-]{0,63}")) {
      throw new IllegalArgumentException(
          "an error code is lower case with hyphens, at most 64 characters: " + value);
    }
  }

  @Override
  public String toString() {
    return value;
  }
}
