package com.paiml.duende.linux.file;

import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Cuts pieces out of files while other processes append to them ({@code O_APPEND}): the kernel holds the file for as long
 * as that takes, so that no write falls into it. Safe for several threads.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/fallocate.2.html">fallocate(2)</a>
 */
@ProviderType
public interface FileRanges {

  /**
   * Removes the first bytes of a file: what comes after them moves to the front ({@code FALLOC_FL_COLLAPSE_RANGE}).
   *
   * @param bytes a multiple of the file system's block, less than the size of the file
   * @throws LinuxException {@code EOPNOTSUPP} where the file system cannot (ext4 with extents and XFS can), {@code EINVAL}
   *     for a number that will not do
   */
  void collapse(Path file, long bytes) throws LinuxException;

  /**
   * Gives the space of a piece back: it reads as zeros from then on, nothing moves ({@code FALLOC_FL_PUNCH_HOLE}).
   *
   * @throws LinuxException {@code EOPNOTSUPP} where the file system cannot
   */
  void punch(Path file, long offset, long bytes) throws LinuxException;

  /** The first byte that is not in a hole, {@code SEEK_DATA} of lseek(2); empty when there is none. */
  OptionalLong firstData(Path file, long offset) throws LinuxException;
}
