package com.paiml.duende.linux.event;

import java.nio.file.Path;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Tells when files that rest are written to again: once each, so that whoever writes much pays for one notice. Safe for several
 * threads.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/inotify.7.html">inotify(7), IN_ONESHOT</a>
 */
@ProviderType
public interface NextWrites extends AutoCloseable {

  /**
   * Waits for the next write to a file, for its removal or for another name of it. What was written before this returns may be
   * missed: look at the file afterwards. A file has one listener, the last one.
   *
   * @param then called once on the loop's thread, must not block; may come although nothing was written
   * @return false when that cannot be waited for: the file is not there, or is not ours to read, or the kernel gives no room for
   *     more
   */
  boolean await(Path file, Runnable then);

  /** Tells nobody any more. */
  @Override
  void close();
}
