package com.paiml.duende.adapter.wos.bench;

import com.paiml.duende.adapter.wos.engine.Image;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import java.util.jar.JarOutputStream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import run.endive.compiler.Cache;
import run.endive.compiler.MachineFactoryCompiler;
import run.endive.wasm.Parser;
import run.endive.wasm.WasmModule;

/** The same module with the question for preemption cut out of its compiled code: what preemption is measured against. */
final class Unchecked {

  private Unchecked() {}

  static Image of(Image image, byte[] bytes) throws IOException {
    // An image does not keep what it was compiled from.
    WasmModule module = Parser.parse(bytes);
    AtomicReference<byte[]> jar = new AtomicReference<>();
    Cache first =
        new Cache() {
          @Override
          public byte[] get(String key) {
            return null;
          }

          @Override
          public void putIfAbsent(String key, byte[] data) {
            jar.set(data);
          }
        };
    MachineFactoryCompiler.builder(module).withCache(first).compile();
    AtomicInteger cut = new AtomicInteger();
    byte[] stripped = strip(jar.get(), cut);
    if (cut.get() == 0) {
      throw new IllegalStateException("no check was found: the runtime compiles differently");
    }
    Cache second =
        new Cache() {
          @Override
          public byte[] get(String key) {
            return stripped;
          }

          @Override
          public void putIfAbsent(String key, byte[] data) {}
        };
    return new Image(
        image.digest(),
        image.size(),
        module,
        MachineFactoryCompiler.builder(module).withCache(second).compile(),
        image.signals());
  }

  private static byte[] strip(byte[] jar, AtomicInteger cut) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JarInputStream in = new JarInputStream(new ByteArrayInputStream(jar));
        JarOutputStream out = new JarOutputStream(bytes)) {
      for (JarEntry entry = in.getNextJarEntry(); entry != null; entry = in.getNextJarEntry()) {
        byte[] data = in.readAllBytes();
        out.putNextEntry(new JarEntry(entry.getName()));
        out.write(entry.getName().endsWith(".class") ? strip(new ClassReader(data), cut) : data);
        out.closeEntry();
      }
    }
    return bytes.toByteArray();
  }

  private static byte[] strip(ClassReader reader, AtomicInteger cut) {
    ClassWriter writer = new ClassWriter(0);
    reader.accept(
        new ClassVisitor(Opcodes.ASM9, writer) {
          @Override
          public MethodVisitor visitMethod(
              int access, String name, String type, String signature, String[] thrown) {
            return new MethodVisitor(
                Opcodes.ASM9, super.visitMethod(access, name, type, signature, thrown)) {
              @Override
              public void visitMethodInsn(
                  int opcode, String owner, String called, String calledType, boolean itf) {
                if (opcode == Opcodes.INVOKESTATIC && called.equals("checkInterruption")) {
                  cut.incrementAndGet();
                } else {
                  super.visitMethodInsn(opcode, owner, called, calledType, itf);
                }
              }
            };
          }
        },
        0);
    return writer.toByteArray();
  }
}
