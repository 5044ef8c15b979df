package com.paiml.duende.adapter.wos.kernel;

import java.util.HashMap;
import java.util.Map;
import run.endive.runtime.ImportFunction;
import run.endive.runtime.ImportValues;
import run.endive.wasm.types.FunctionType;

/** The functions that modules may import. */
public interface Abi {

  /** {@return the functions; they find their process by the thread that they run on} */
  ImportValues imports();

  /** {@return their types by {@code MODULE.NAME}} */
  default Map<String, FunctionType> types() {
    Map<String, FunctionType> types = new HashMap<>();
    for (ImportFunction f : imports().functions()) {
      types.put(f.module() + "." + f.name(), f.functionType());
    }
    return types;
  }
}
