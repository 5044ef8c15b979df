package com.paiml.duende.adapter.wos.engine;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import run.endive.compiler.InterpreterFallback;
import run.endive.compiler.MachineFactoryCompiler;
import run.endive.runtime.Instance;
import run.endive.runtime.Machine;
import run.endive.wasm.Parser;
import run.endive.wasm.WasmEngineException;
import run.endive.wasm.WasmModule;
import run.endive.wasm.types.Export;
import run.endive.wasm.types.ExternalType;
import run.endive.wasm.types.FunctionImport;
import run.endive.wasm.types.FunctionType;
import run.endive.wasm.types.Import;
import run.endive.wasm.types.MutabilityType;
import run.endive.wasm.types.ValType;

/** Turns bytes into an {@link Image}, or says in one sentence why they are none. Safe for threads. */
public final class ModuleLoader {

  private static final byte[] MAGIC = {0, 'a', 's', 'm'};
  private static final byte[] VERSION_1 = {1, 0, 0, 0};
  private static final int HEADER = MAGIC.length + VERSION_1.length;
  private static final String START = "_start";

  private final Map<String, FunctionType> imports;
  private final long maxSize;

  /**
   * @param imports what a module may import: {@code MODULE.NAME} and its type
   * @param maxSize of a module, in bytes
   */
  public ModuleLoader(Map<String, FunctionType> imports, long maxSize) {
    this.imports = Map.copyOf(imports);
    this.maxSize = maxSize;
  }

  /** {@return the largest module that is taken, in bytes} */
  public long maxSize() {
    return maxSize;
  }

  /** {@return the SHA-256 of a module, hexadecimal} */
  public static String digest(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /**
   * Checks and compiles.
   *
   * @param name of the module, for messages
   * @throws DaemonException {@link ErrorCode#CONFIGURATION} when it is not a module that can run here
   */
  public Image load(String name, byte[] bytes) throws DaemonException {
    checkHeader(name, bytes);
    try {
      WasmModule module = Parser.parse(bytes);
      checkExports(name, module);
      checkImports(name, module);
      checkMemories(name, module);
      return new Image(digest(bytes), bytes.length, module, compile(module), signalStyle(module));
    } catch (WasmEngineException | IllegalArgumentException | IndexOutOfBoundsException e) {
      throw refused(name, "is not a valid WebAssembly module: " + reason(e), "build it again", e);
    } catch (RuntimeException | VerifyError | StackOverflowError e) {
      throw refused(
          name,
          "cannot be compiled: " + reason(e),
          "report it with the module; another compiler or -O level may help",
          e);
    } catch (OutOfMemoryError e) {
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          name,
          "compiling its " + bytes.length + " bytes needs more heap than this JVM has",
          "give the container a larger -Xmx, or the module fewer functions",
          e);
    }
  }

  private void checkHeader(String name, byte[] bytes) throws DaemonException {
    if (bytes.length > maxSize) {
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          name,
          "has " + bytes.length + " bytes, and a module may have " + maxSize,
          "strip it (wasm-strip, wasm-opt -Oz) or raise wos.module.max");
    }
    if (bytes.length < MAGIC.length || !startsWith(bytes, 0, MAGIC)) {
      throw refused(
          name,
          "is not WebAssembly: it does not begin with \\\\0asm",
          "give it a .wasm file",
          null);
    }
    if (bytes.length < HEADER) {
      throw refused(name, "is truncated: it ends within its header", "build it again", null);
    }
    if (!startsWith(bytes, MAGIC.length, VERSION_1)) {
      boolean component = bytes[6] == 1;
      throw refused(
          name,
          component
              ? "is a component, not a core module"
              : "is of a version of WebAssembly other than 1",
          "build it for wasm32-wasip1 (WASI preview 1)",
          null);
    }
  }

  private static boolean startsWith(byte[] bytes, int from, byte[] prefix) {
    for (int i = 0; i < prefix.length; i++) {
      if (bytes[from + i] != prefix[i]) {
        return false;
      }
    }
    return true;
  }

  private static void checkExports(String name, WasmModule module) throws DaemonException {
    for (int i = 0; i < module.exportSection().exportCount(); i++) {
      Export export = module.exportSection().getExport(i);
      if (export.name().equals(START) && export.exportType() == ExternalType.FUNCTION) {
        FunctionType type = typeOf(module, export.index());
        if (type.params().isEmpty() && type.returns().isEmpty()) {
          return;
        }
        throw refused(
            name,
            "exports _start with parameters or results",
            "export it as a plain function",
            null);
      }
    }
    throw refused(
        name,
        "exports no function _start",
        "build it as a command, not as a library or reactor",
        null);
  }

  private static FunctionType typeOf(WasmModule module, int function) {
    int imported = 0;
    for (int i = 0; i < module.importSection().importCount(); i++) {
      if (module.importSection().getImport(i) instanceof FunctionImport f) {
        if (imported++ == function) {
          return module.typeSection().getType(f.typeIndex());
        }
      }
    }
    return module
        .typeSection()
        .getType(module.functionSection().getFunctionType(function - imported));
  }

  private void checkImports(String name, WasmModule module) throws DaemonException {
    List<String> unknown = new ArrayList<>();
    for (int i = 0; i < module.importSection().importCount(); i++) {
      Import wanted = module.importSection().getImport(i);
      String full = wanted.module() + "." + wanted.name();
      if (wanted instanceof FunctionImport function) {
        FunctionType type = module.typeSection().getType(function.typeIndex());
        FunctionType offered = imports.get(full);
        if (offered == null) {
          unknown.add(full + " (function)");
        } else if (!offered.equals(type)) {
          unknown.add(full + " as " + type + ", which here is " + offered);
        }
      } else {
        unknown.add(
            full + " (" + wanted.importType().toString().toLowerCase(java.util.Locale.ROOT) + ")");
      }
    }
    if (!unknown.isEmpty()) {
      throw refused(
          name,
          "imports what is not offered here: " + String.join(", ", unknown),
          "build it for WASI preview 1; docs/wos.md lists all imports",
          null);
    }
  }

  private static void checkMemories(String name, WasmModule module) throws DaemonException {
    int count = module.memorySection().map(m -> m.memoryCount()).orElse(0);
    if (count > 1) {
      throw refused(name, "has " + count + " memories", "build it with one", null);
    }
  }

  private static Function<Instance, Machine> compile(WasmModule module) {
    return MachineFactoryCompiler.builder(module)
        .withInterpreterFallback(InterpreterFallback.SILENT)
        .compile();
  }

  private static Image.SignalStyle signalStyle(WasmModule module) {
    boolean stackPointerExported = false;
    boolean handler = false;
    for (int i = 0; i < module.exportSection().exportCount(); i++) {
      Export export = module.exportSection().getExport(i);
      stackPointerExported |=
          export.exportType() == ExternalType.GLOBAL && export.name().equals("__stack_pointer");
      if (export.exportType() == ExternalType.FUNCTION
          && export.name().equals(Image.SIGNAL_EXPORT)) {
        FunctionType type = typeOf(module, export.index());
        handler = type.returns().isEmpty() && type.params().equals(List.of(ValType.I32));
      }
    }
    if (handler) {
      return stackPointerExported || !mayHaveShadowStack(module)
          ? Image.SignalStyle.EXPORT_ANYWHERE
          : Image.SignalStyle.EXPORT_AT_CALLS;
    }
    for (int i = 0; i < module.importSection().importCount(); i++) {
      Import wanted = module.importSection().getImport(i);
      if (wanted.module().equals("wos") && wanted.name().equals("signal_take")) {
        return Image.SignalStyle.IMPORT;
      }
    }
    return Image.SignalStyle.DEFAULT;
  }

  /** Compilers of C keep a stack in linear memory, and its pointer in the first global, a mutable i32. */
  private static boolean mayHaveShadowStack(WasmModule module) {
    var globals = module.globalSection().globals();
    return globals.length > 0
        && globals[0].mutabilityType() == MutabilityType.Var
        && globals[0].valueType().equals(ValType.I32);
  }

  private static String reason(Throwable e) {
    String message = e.getMessage();
    if (message == null || message.isBlank()) {
      return e.getClass().getSimpleName();
    }
    String line = message.lines().findFirst().orElse(message);
    return line.length() > 200 ? line.substring(0, 200) + "…" : line;
  }

  private static DaemonException refused(
      String name,
      String problem,
      String remedy,
      @org.jspecify.annotations.Nullable Throwable cause) {
    return new DaemonException(ErrorCode.CONFIGURATION, name, problem, remedy, cause);
  }
}
