package com.paiml.duende.survival;

import com.paiml.duende.bench.drive.Sort;
import java.util.Map;

/** A platform outside the container, with a word of its own about what there is. */
interface Platform {
  /** Its daemons. */
  Sort sort();

  /**
   * What there is of this container, running or not, by the platform's own tool: the daemon's name, and what identifies the run
   * there. A platform without such a tool leaves it to the kernel's word, and answers nothing.
   */
  Map<String, String> present() throws Exception;
}
