package com.paiml.duende.linux.kernel;

/**
 * The kernel, or this bundle before asking it, refused. Names the call, the thing that it was made
 * for, the error number and what a person can do about it.
 */
public final class LinuxException extends Exception {
  private static final long serialVersionUID = 1L;

  private static final int THING_SHOWN = 240;

  private final int number;
  private final String call;
  private final String thing;
  private final String remedy;

  /**
   * @param number the error number, see {@link Errno}
   * @param call the system or library call, for example {@code posix_spawn}
   * @param thing what it was made for: a path, a pid, a limit
   * @param remedy what to do, one sentence
   */
  public LinuxException(int number, String call, String thing, String remedy) {
    super(message(number, call, thing, remedy));
    this.number = number;
    this.call = call;
    this.thing = thing;
    this.remedy = remedy;
  }

  /** As the other constructor, for a refusal with one of the known error numbers. */
  public LinuxException(Errno errno, String call, String thing, String remedy) {
    this(errno.number(), call, thing, remedy);
  }

  private static String message(int number, String call, String thing, String remedy) {
    return call
        + " for "
        + abbreviated(thing)
        + ": "
        + Errno.nameOf(number)
        + " ("
        + number
        + "). "
        + remedy;
  }

  private static String abbreviated(String thing) {
    return thing.length() <= THING_SHOWN
        ? thing
        : thing.substring(0, THING_SHOWN - 40) + "…" + thing.substring(thing.length() - 40);
  }

  /** Everything below in one line; a very long thing is shortened. */
  @Override
  public String getMessage() {
    return message(number, call, thing, remedy);
  }

  /** The error number, positive. */
  public int number() {
    return number;
  }

  /** The name of the error number, for example {@code ENOENT}. */
  public String errno() {
    return Errno.nameOf(number);
  }

  /** Whether this is that error. */
  public boolean is(Errno errno) {
    return errno.number() == number;
  }

  /** The call that was refused. */
  public String call() {
    return call;
  }

  /** What the call was made for. */
  public String thing() {
    return thing;
  }

  /** What a person can do about it. */
  public String remedy() {
    return remedy;
  }
}
