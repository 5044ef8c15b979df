package com.paiml.duende.shell.wire;

/** The kinds of frames, with their contents, and how long they may be. */
public final class Frame {
  /** Version of the protocol, first byte of the hello. Both sides come from one distribution: it must be equal. */
  public static final int PROTOCOL = 1;

  /** Client: {@link Hello}. */
  public static final byte HELLO = 'H';

  /** Client: bytes of standard input, at most as many as {@link #NEED} asked for; none at its end. */
  public static final byte INPUT = 'I';

  /** Client: the operator pressed the interrupt key. Empty. */
  public static final byte INTERRUPT = 'C';

  /** Client: the terminal has another size now: columns and rows, two bytes each. */
  public static final byte WINDOW = 'W';

  /** Client: bytes of the file that {@link #READ} asked for; none at its end. */
  public static final byte FILE = 'F';

  /** Client: why that file cannot be read, UTF-8. */
  public static final byte NO_FILE = 'G';

  /** Server: bytes for standard output. */
  public static final byte OUTPUT = 'O';

  /** Server: bytes for standard error. */
  public static final byte ERROR = 'E';

  /** Server: the command reads standard input: at most this many bytes, four bytes. Not repeated until they came. */
  public static final byte NEED = 'N';

  /** Server: a file that the command line names is wanted: at most this many bytes (four bytes), then its name, UTF-8. */
  public static final byte READ = 'R';

  /** Server: from now on single keys (one byte 1) or whole lines (0) are wanted from the terminal. */
  public static final byte KEYS = 'K';

  /** Server: the command has ended; one byte of exit status. The last frame. */
  public static final byte EXIT = 'X';

  /** The longest frame but for the hello, bytes. */
  public static final int LIMIT = 64 << 10;

  /** The longest hello, bytes: above what Linux lets a command line be (execve(2), "Limits on size of arguments"). */
  public static final int HELLO_LIMIT = 4 << 20;

  private Frame() {}

  /** How long a frame of this kind may be; -1 for a kind that there is not. */
  public static int limit(byte kind) {
    return switch (kind) {
      case HELLO -> HELLO_LIMIT;
      case INPUT, INTERRUPT, WINDOW, FILE, NO_FILE, OUTPUT, ERROR, NEED, READ, KEYS, EXIT -> LIMIT;
      default -> -1;
    };
  }
}
