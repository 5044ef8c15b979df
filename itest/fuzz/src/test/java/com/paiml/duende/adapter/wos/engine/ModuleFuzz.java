package com.paiml.duende.adapter.wos.engine;

import com.paiml.duende.adapter.wos.wasi.Imports;
import com.paiml.duende.api.DaemonException;
import java.util.Optional;

/** WebAssembly modules: taken, or refused with a remedy. */
public final class ModuleFuzz {
  private static final ModuleLoader LOADER =
      new ModuleLoader(new Imports().types(), 1 << 20, Optional.empty());

  private ModuleFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    try {
      var _ = LOADER.load("fuzz.wasm", input);
    } catch (DaemonException refused) {
      if (refused.remedy().isBlank() || refused.getMessage().length() > 2000) {
        throw new AssertionError("refused without a word, or with too many", refused);
      }
    }
  }
}
