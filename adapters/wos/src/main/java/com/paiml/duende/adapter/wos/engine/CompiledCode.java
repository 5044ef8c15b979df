package com.paiml.duende.adapter.wos.engine;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import run.endive.compiler.InterpreterFallback;
import run.endive.compiler.internal.ClassLoadingCollector;
import run.endive.compiler.internal.Compiler;
import run.endive.compiler.internal.CompilerResult;
import run.endive.runtime.Instance;
import run.endive.runtime.Machine;
import run.endive.wasm.WasmModule;

/**
 * The classes that a module was compiled to.
 *
 * @param mainClass the one that makes machines
 * @param classes all of them by name, in the order in which they can be loaded
 * @param interpreted functions too large for a method of the JVM, numbered with imports
 */
record CompiledCode(String mainClass, Map<String, byte[]> classes, Set<Integer> interpreted) {

  private static final int MOST = 1 << 20;

  /** Code, and what makes machines of it, for its classes have been loaded. */
  record Loaded(CompiledCode code, Function<Instance, Machine> machines) {}

  static Loaded compile(WasmModule module) {
    CompilerResult result =
        Compiler.builder(module)
            .withInterpreterFallback(InterpreterFallback.SILENT)
            .withClassCollectorFactory(ClassLoadingCollector::new)
            .build()
            .compile();
    if (!(result.collector() instanceof ClassLoadingCollector loaded)) {
      throw new IllegalStateException("the compiler keeps its classes elsewhere");
    }
    Map<String, byte[]> classes = new LinkedHashMap<>(result.classBytes());
    String main = result.collector().mainClassName();
    // It needs the others; the compiler puts it first.
    byte[] last = classes.remove(main);
    classes.put(main, last);
    return new Loaded(
        new CompiledCode(main, classes, new TreeSet<>(result.interpretedFunctions())),
        loaded.machineFactory());
  }

  /** Loads and verifies the classes. Throws a {@link LinkageError} for what are none. */
  Function<Instance, Machine> load() {
    ClassLoadingCollector loaded = new ClassLoadingCollector();
    classes.forEach(
        (name, bytes) -> {
          if (name.equals(mainClass)) {
            loaded.putMainClass(name, bytes);
          } else {
            loaded.put(name, bytes);
          }
        });
    return loaded.machineFactory();
  }

  byte[] encoded() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeUTF(mainClass);
      out.writeInt(interpreted.size());
      for (int function : interpreted) {
        out.writeInt(function);
      }
      out.writeInt(classes.size());
      for (Map.Entry<String, byte[]> c : classes.entrySet()) {
        out.writeUTF(c.getKey());
        out.writeInt(c.getValue().length);
        out.write(c.getValue());
      }
    } catch (IOException e) {
      throw new IllegalStateException("an array takes all that is written to it", e);
    }
    return bytes.toByteArray();
  }

  /** @throws IOException when these are not the bytes of {@link #encoded()} */
  static CompiledCode decoded(byte[] bytes) throws IOException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      String main = in.readUTF();
      Set<Integer> interpreted = new TreeSet<>();
      for (int n = bounded(in.readInt(), MOST); n > 0; n--) {
        interpreted.add(in.readInt());
      }
      Map<String, byte[]> classes = new LinkedHashMap<>();
      for (int n = bounded(in.readInt(), MOST); n > 0; n--) {
        String name = in.readUTF();
        byte[] code = new byte[bounded(in.readInt(), in.available())];
        in.readFully(code);
        classes.put(name, code);
      }
      if (in.available() > 0 || !classes.containsKey(main)) {
        throw new IOException("it is not a list of classes");
      }
      return new CompiledCode(main, classes, interpreted);
    }
  }

  private static int bounded(int count, int most) throws IOException {
    if (count < 0 || count > most) {
      throw new IOException("it says " + count + " where at most " + most + " can be");
    }
    return count;
  }
}
