package com.paiml.duende.falsification;

import java.nio.file.Path;

/** What is claimed of every adapter, attacked in containers of containerd. */
@Falsification(on = "containerd")
class OnContainerdClaims extends EveryAdapter {
  @Override
  Stage stage(Path folder) throws Exception {
    return EngineStage.of("containerd", folder);
  }
}
