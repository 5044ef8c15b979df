package com.paiml.duende.shell.call;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;

/** A command line that makes no sense: exit status 2. Other bundles' commands throw a {@link DaemonException} with {@link #CODE}. */
public final class UsageException extends DaemonException {
  private static final long serialVersionUID = 1L;

  public static final ErrorCode CODE = new ErrorCode("usage");

  public UsageException(String problem) {
    super(CODE, "", problem, "");
  }

  public UsageException(String problem, Throwable cause) {
    super(CODE, "", problem, "", cause);
  }
}
