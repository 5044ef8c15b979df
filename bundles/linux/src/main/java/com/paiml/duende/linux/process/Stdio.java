package com.paiml.duende.linux.process;

import com.paiml.duende.linux.kernel.Descriptor;
import java.nio.file.Path;

/** Where a standard stream of a child leads. */
public sealed interface Stdio {

  /** {@code /dev/null}. */
  record Null() implements Stdio {}

  /**
   * A file that is only ever appended to, made when it is not there (mode 0640 less the umask).
   * Two streams that name the same file share one open file, so that lines do not overtake.
   */
  record Append(Path file) implements Stdio {}

  /** A file opened for reading. */
  record Read(Path file) implements Stdio {}

  /** A descriptor of ours; the child gets a copy, ours stays open. */
  record Handed(Descriptor descriptor) implements Stdio {}

  /**
   * A stream of this very process.
   *
   * @param number 0, 1 or 2
   */
  record Inherited(int number) implements Stdio {}
}
