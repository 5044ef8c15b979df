package com.paiml.duende.falsification;

import java.nio.file.Path;

/** What is claimed of every adapter, attacked in containers of Podman. */
@Falsification(on = "podman")
class OnPodmanClaims extends EveryAdapter {
  @Override
  Stage stage(Path folder) throws Exception {
    return EngineStage.of("podman", folder);
  }
}
