package com.paiml.duende.linux.confine;

import java.nio.file.Path;

/** A change to what a program sees of the file systems; each asks for {@link Namespace#MOUNT}. */
public sealed interface MountRule {

  /** That folder or file and every mount below it can be read only. */
  record ReadOnly(Path path) implements MountRule {}

  /**
   * One place shown at another, with every mount below it.
   *
   * @param source what is shown
   * @param target an existing folder, or file when the source is one
   * @param readOnly whether it can be read only there
   */
  record Bind(Path source, Path target, boolean readOnly) implements MountRule {}

  /**
   * An empty folder in memory.
   *
   * @param target an existing folder
   * @param bytes its size
   */
  record Tmpfs(Path target, long bytes) implements MountRule {}

  /** That folder is empty and closed, that file is {@code /dev/null}. */
  record Hidden(Path path) implements MountRule {}
}
