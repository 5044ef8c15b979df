package com.paiml.duende.falsification;

import java.nio.file.Path;

/** What is claimed of every adapter, attacked with units of a systemd. */
@Falsification(on = "systemd")
class OnSystemdClaims extends EveryAdapter {
  @Override
  Stage stage(Path folder) throws Exception {
    return SystemdStage.open();
  }
}
