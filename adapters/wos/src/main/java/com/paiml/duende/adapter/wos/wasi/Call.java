package com.paiml.duende.adapter.wos.wasi;

import com.paiml.duende.adapter.wos.kernel.HostCall;
import java.util.ArrayList;
import java.util.List;
import run.endive.wasm.types.FunctionType;
import run.endive.wasm.types.ValType;

/**
 * One import.
 *
 * @param name without its module
 * @param parameters one letter each: {@code i} i32, {@code l} i64, {@code d} f64
 * @param answers whether it returns an error number; {@code proc_exit} does not return
 */
record Call(String name, String parameters, boolean answers, HostCall body) {

  static Call of(String name, String parameters, HostCall body) {
    return new Call(name, parameters, true, body);
  }

  FunctionType type() {
    List<ValType> types = new ArrayList<>();
    for (int i = 0; i < parameters.length(); i++) {
      types.add(
          switch (parameters.charAt(i)) {
            case 'i' -> ValType.I32;
            case 'l' -> ValType.I64;
            case 'd' -> ValType.F64;
            default -> throw new IllegalArgumentException(name + ": " + parameters);
          });
    }
    return FunctionType.of(types, answers ? List.of(ValType.I32) : List.of());
  }
}
