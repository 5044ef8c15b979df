package com.paiml.duende.falsification;

import java.nio.file.Path;

/** What is claimed of every adapter, attacked with WebAssembly processes. */
@Falsification(on = "wos")
class OnWosClaims extends EveryAdapter {
  @Override
  Stage stage(Path folder) throws Exception {
    return new WosStage(new Scene(folder));
  }
}
