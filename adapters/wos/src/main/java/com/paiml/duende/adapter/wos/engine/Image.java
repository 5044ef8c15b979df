package com.paiml.duende.adapter.wos.engine;

import java.util.function.Function;
import run.endive.runtime.Instance;
import run.endive.runtime.Machine;
import run.endive.wasm.WasmModule;

/**
 * A module, checked and compiled: what all its processes share.
 *
 * @param digest SHA-256 of the file, hexadecimal
 * @param size of the file in bytes
 * @param module what the runtime parsed
 * @param machines makes the code of one instance
 * @param signals how its processes take signals
 */
public record Image(
    String digest,
    long size,
    WasmModule module,
    Function<Instance, Machine> machines,
    SignalStyle signals) {

  /** The export that a module has to handle signals by itself: a function that takes the number. */
  public static final String SIGNAL_EXPORT = "wos_signal";

  /** How a module takes the signals that can be caught. */
  public enum SignalStyle {
    /** Not at all: the default action of every signal ends it. */
    DEFAULT,
    /** It asks for them by the import {@code wos.signal_take}. */
    IMPORT,
    /** Its export is called in between two host calls. */
    EXPORT_AT_CALLS,
    /** Its export is called wherever it is, for it says where its stack pointer is or has none. */
    EXPORT_ANYWHERE
  }

  /** {@return a module's first so many characters of its digest, for messages} */
  public String shortDigest() {
    return digest.substring(0, 12);
  }
}
