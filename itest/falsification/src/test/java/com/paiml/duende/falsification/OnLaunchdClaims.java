package com.paiml.duende.falsification;

import java.nio.file.Path;

/** What is claimed of every adapter, attacked with jobs of a recorded launchd. */
@Falsification(on = "launchd (recorded)")
class OnLaunchdClaims extends EveryAdapter {
  @Override
  Stage stage(Path folder) throws Exception {
    return LaunchdStage.open();
  }
}
