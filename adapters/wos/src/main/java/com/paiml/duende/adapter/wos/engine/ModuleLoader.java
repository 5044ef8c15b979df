package com.paiml.duende.adapter.wos.engine;

import com.paiml.duende.adapter.wos.abi.Printable;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import run.endive.compiler.internal.MachineFactory;
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

  /** What compiles and runs modules: what another version of it compiled is of no use. */
  public static final String RUNTIME = "endive-1.0.0";

  private static final int LONGEST_NAME = 100;
  private static final int MOST_NAMES = 20;
  private static final int KIB = 1024;

  private final Map<String, FunctionType> imports;
  private final long maxSize;
  private final Optional<CodeStore> store;

  /** In KiB: what compilations that go on at the same time may take of the heap. */
  private final int room;

  private final Semaphore free;
  private final LongAdder compiled = new LongAdder();

  /**
   * @param imports what a module may import: {@code MODULE.NAME} and its type
   * @param maxSize of a module, in bytes
   * @param store where compiled code is kept across starts of the JVM
   */
  public ModuleLoader(Map<String, FunctionType> imports, long maxSize, Optional<CodeStore> store) {
    this(imports, maxSize, store, Runtime.getRuntime().maxMemory() / 2);
  }

  /** @param heap bytes that compilations that go on at the same time may take */
  ModuleLoader(
      Map<String, FunctionType> imports, long maxSize, Optional<CodeStore> store, long heap) {
    this.imports = Map.copyOf(imports);
    this.maxSize = maxSize;
    this.store = store;
    this.room = (int) Math.min(heap / KIB, Integer.MAX_VALUE);
    this.free = new Semaphore(room, true);
  }

  /** {@return how many modules were compiled, and not found in the store} */
  long compiled() {
    return compiled.sum();
  }

  /** {@return the largest module that is taken, in bytes} */
  public long maxSize() {
    return maxSize;
  }

  /** {@return the SHA-256 of a module, hexadecimal} */
  public static String digest(byte[] bytes) {
    return HexFormat.of().formatHex(sha256(bytes));
  }

  static byte[] sha256(byte[]... parts) {
    try {
      MessageDigest sum = MessageDigest.getInstance("SHA-256");
      for (byte[] part : parts) {
        sum.update(part);
      }
      return sum.digest();
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
    String digest = digest(bytes);
    Optional<Image> kept = store.flatMap(s -> s.get(digest)).flatMap(c -> kept(digest, bytes, c));
    if (kept.isPresent()) {
      return kept.get();
    }
    Optional<ModuleLayout> layout = ModuleLayout.of(bytes);
    int weight = weight(name, bytes, layout);
    // Whoever waits here for others has a deadline of its own, and the others end.
    free.acquireUninterruptibly(weight);
    try {
      return compile(name, digest, bytes, layout);
    } finally {
      free.release(weight);
    }
  }

  /** What compiled code was kept for: these bytes have been checked before, for it is found by their sum. */
  private Optional<Image> kept(String digest, byte[] bytes, CompiledCode code) {
    try {
      return ModuleLayout.of(bytes)
          .map(layout -> image(digest, bytes, layout, new CompiledCode.Loaded(code, code.load())));
    } catch (WasmEngineException | IndexOutOfBoundsException | LinkageError e) {
      store.ifPresent(s -> s.forget(digest, e.toString()));
      return Optional.empty();
    }
  }

  private Image image(
      String digest, byte[] bytes, ModuleLayout layout, CompiledCode.Loaded loaded) {
    CompiledCode code = loaded.code();
    // What is interpreted is numbered after the imported functions.
    WasmModule without = Parser.parse(layout.withoutCode(Set.of()));
    int imported = without.importSection().count(ExternalType.FUNCTION);
    WasmModule module =
        code.interpreted().isEmpty()
            ? without
            : Parser.parse(
                layout.withoutCode(
                    code.interpreted().stream()
                        .map(function -> function - imported)
                        .collect(Collectors.toSet())));
    return new Image(
        digest,
        bytes.length,
        module,
        new MachineFactory(module, loaded.machines()),
        signalStyle(module));
  }

  private int weight(String name, byte[] bytes, Optional<ModuleLayout> layout)
      throws DaemonException {
    long weight =
        layout.map(ModuleLayout::weight).orElse(ModuleLayout.weightOf(bytes.length)) / KIB + 1;
    if (weight > room) {
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          name,
          "compiling its "
              + bytes.length
              + " bytes may take "
              + weight / KIB
              + " MiB of heap, and half of what this JVM has are "
              + room / KIB,
          "give the container a larger -Xmx, or the module fewer functions (wasm-opt -Oz)");
    }
    return (int) weight;
  }

  private Image compile(String name, String digest, byte[] bytes, Optional<ModuleLayout> layout)
      throws DaemonException {
    try {
      WasmModule module = Parser.parse(bytes);
      checkExports(name, module);
      checkImports(name, module);
      checkMemories(name, module);
      CompiledCode.Loaded loaded = CompiledCode.compile(module);
      compiled.increment();
      store.ifPresent(s -> s.put(digest, loaded.code()));
      return image(digest, bytes, layout.orElseThrow(), loaded);
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
      String shown = Printable.of(full, LONGEST_NAME);
      if (wanted instanceof FunctionImport function) {
        FunctionType type = module.typeSection().getType(function.typeIndex());
        FunctionType offered = imports.get(full);
        if (offered == null) {
          unknown.add(shown + " (function)");
        } else if (!offered.equals(type)) {
          unknown.add(
              shown
                  + " as "
                  + Printable.of(type.toString(), LONGEST_NAME)
                  + ", which here is "
                  + offered);
        }
      } else {
        unknown.add(
            shown + " (" + wanted.importType().toString().toLowerCase(java.util.Locale.ROOT) + ")");
      }
    }
    if (!unknown.isEmpty()) {
      int more = unknown.size() - MOST_NAMES;
      throw refused(
          name,
          "imports what is not offered here: "
              + unknown.stream().limit(MOST_NAMES).collect(Collectors.joining(", "))
              + (more > 0 ? ", and " + more + " more" : ""),
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
    return Printable.of(message.lines().findFirst().orElse(message), 2 * LONGEST_NAME);
  }

  private static DaemonException refused(
      String name,
      String problem,
      String remedy,
      @org.jspecify.annotations.Nullable Throwable cause) {
    return new DaemonException(ErrorCode.CONFIGURATION, name, problem, remedy, cause);
  }
}
