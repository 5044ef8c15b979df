package com.paiml.duende.falsification;

import java.nio.file.Path;

/** What is claimed of every adapter, attacked in containers of Docker. */
@Falsification(on = "docker")
class OnDockerClaims extends EveryAdapter {
  @Override
  Stage stage(Path folder) throws Exception {
    return EngineStage.of("docker", folder);
  }
}
