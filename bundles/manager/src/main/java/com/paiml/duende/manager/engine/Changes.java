package com.paiml.duende.manager.engine;

import com.paiml.duende.api.DaemonConfig;

/** What a changed configuration takes. */
final class Changes {
  private Changes() {}

  /** Whether a run of the old configuration cannot become one of the new. Limits are not asked here. */
  static boolean needRestart(DaemonConfig a, DaemonConfig b) {
    return !a.what().equals(b.what())
        || !a.args().equals(b.args())
        || !a.platform().equals(b.platform())
        || !a.configPath().equals(b.configPath())
        || !a.workingDir().equals(b.workingDir())
        || !a.user().equals(b.user())
        || !a.group().equals(b.group())
        || !a.env().equals(b.env())
        || !a.sandbox().equals(b.sandbox())
        || !a.log().equals(b.log())
        || a.restartBy() != b.restartBy()
        || !a.watchdog().equals(b.watchdog())
        || a.resources().lockMemory() != b.resources().lockMemory()
        || !a.table(a.platform()).equals(b.table(b.platform()));
  }
}
