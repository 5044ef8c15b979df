package com.paiml.duende.linux.process;

import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.file.Path;
import java.util.BitSet;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Waits for the end of a child, whose successor it starts within the event loop's own machine code if one is armed: before any
 * Java runs. Safe for several threads.
 */
@ProviderType
public interface SuccessionWatch extends Watch {
  /**
   * From now on that start is made when the child ends, once: on the loop's thread, which stands still until the program has been
   * executed or the request's deadline has passed. One that was armed before is dropped.
   *
   * @param next closed by this, whatever comes of it; may come from any spawner
   * @param codes exit codes after which it is to be started, 0…255
   * @param signals the signals, 1…64, after whose killing
   * @param population a file that reads {@code 0} when nobody is left beside whom it may not be started: pids.current of a control
   *     group
   * @return false when it is not armed: the child's end is known already, the watch or its loop was closed, or the loop has 4096 of
   *     them already
   * @throws LinuxException when the code for it cannot be mapped into this process
   */
  boolean arm(PreparedStart next, BitSet codes, BitSet signals, Path population)
      throws LinuxException;

  /**
   * Nothing is started any more when the child ends.
   *
   * @return false when the machine code was quicker: who waits for the end hears of it in a moment, perhaps with a successor
   */
  boolean disarm();
}
