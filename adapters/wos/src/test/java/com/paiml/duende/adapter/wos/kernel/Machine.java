package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.Modules;
import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.wasi.Imports;
import com.paiml.duende.api.DaemonException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/** A kernel for one test, and what tests do with it again and again. */
public final class Machine implements AutoCloseable {

  public static final Duration PATIENCE = Duration.ofSeconds(60);

  public final Kernel kernel;

  public Machine(int slots) {
    this(KernelOptions.standard(slots));
  }

  public Machine(KernelOptions options) {
    kernel = new Kernel(options, new Imports());
  }

  public Image image(String module) throws DaemonException {
    return kernel.images().get(module, Modules.bytes(module), PATIENCE);
  }

  public Session start(String module) throws DaemonException {
    return start(SessionSpec.of(module), module);
  }

  public Session start(SessionSpec spec, String module) throws DaemonException {
    return kernel.start(spec, image(module));
  }

  /** Collects what a process writes. */
  public static final class Log {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    public synchronized void write(byte[] data, int from, int length) {
      bytes.write(data, from, length);
    }

    public synchronized String text() {
      return bytes.toString(StandardCharsets.UTF_8);
    }
  }

  /** Runs a module to its end. */
  public ExitStatus run(SessionSpec spec, String module) throws Exception {
    return start(spec, module).await(PATIENCE);
  }

  public static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("not within " + PATIENCE + ": " + what);
      }
      Thread.onSpinWait();
      java.util.concurrent.locks.LockSupport.parkNanos(200_000);
    }
  }

  /** {@return the 64-bit number that a module of the test keeps at an address} */
  public static long counter(WasmProcess process) {
    return process.peek(1024);
  }

  @Override
  public void close() {
    kernel.close();
    await("all processes gone", () -> kernel.processes().isEmpty());
  }
}
