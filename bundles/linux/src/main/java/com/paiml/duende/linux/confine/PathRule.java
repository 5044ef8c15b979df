package com.paiml.duende.linux.confine;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/**
 * What may be done below a path, landlock(7).
 *
 * @param path an existing file or folder
 * @param rights what may be done with it and everything below
 */
public record PathRule(Path path, Set<Right> rights) {

  /** Rights of {@code linux/landlock.h}; those that the running kernel does not know are left out. */
  public enum Right {
    EXECUTE(0, 1, true),
    WRITE_FILE(1, 1, true),
    READ_FILE(2, 1, true),
    READ_DIR(3, 1, false),
    REMOVE_DIR(4, 1, false),
    REMOVE_FILE(5, 1, false),
    MAKE_CHAR(6, 1, false),
    MAKE_DIR(7, 1, false),
    MAKE_REG(8, 1, false),
    MAKE_SOCK(9, 1, false),
    MAKE_FIFO(10, 1, false),
    MAKE_BLOCK(11, 1, false),
    MAKE_SYM(12, 1, false),
    REFER(13, 2, false),
    TRUNCATE(14, 3, true),
    IOCTL_DEV(15, 5, true);

    private final int shift;
    private final int sinceAbi;
    private final boolean forFiles;

    Right(int shift, int sinceAbi, boolean forFiles) {
      this.shift = shift;
      this.sinceAbi = sinceAbi;
      this.forFiles = forFiles;
    }

    /** The bit of the access mask. */
    public long bit() {
      return 1L << shift;
    }

    /** The Landlock ABI that brought it. */
    public int sinceAbi() {
      return sinceAbi;
    }

    /** Whether it can be given for a single file, not only for a folder. */
    public boolean forFiles() {
      return forFiles;
    }
  }

  /** Copies the set. */
  public PathRule {
    rights = Set.copyOf(rights);
  }

  /** Read, list and execute. */
  public static PathRule read(Path path) {
    return new PathRule(path, EnumSet.of(Right.READ_FILE, Right.READ_DIR, Right.EXECUTE));
  }

  /** Everything. */
  public static PathRule write(Path path) {
    return new PathRule(path, EnumSet.allOf(Right.class));
  }
}
