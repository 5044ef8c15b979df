package com.paiml.duende.falsification;

import java.nio.file.Path;

/** What is claimed of every adapter, attacked with programs of this machine. */
@Falsification(on = "native")
class OnNativeClaims extends EveryAdapter {
  @Override
  Stage stage(Path folder) throws Exception {
    return new ShellStage(new Scene(folder), "native");
  }
}
