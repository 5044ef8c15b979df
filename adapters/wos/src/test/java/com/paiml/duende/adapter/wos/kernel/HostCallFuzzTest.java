package com.paiml.duende.adapter.wos.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.paiml.duende.adapter.wos.ModuleWriter;
import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.fs.Preopen;
import com.paiml.duende.adapter.wos.wasi.Imports;
import com.paiml.duende.api.Signal;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import run.endive.wasm.types.FunctionType;
import run.endive.wasm.types.ValType;

/**
 * Modules that call every import with whatever they like. Each call is answered by an error number or does what it says; the
 * kernel never fails inside. {@code -Dwos.fuzz.rounds=N -Dwos.fuzz.seed=S} looks further.
 */
class HostCallFuzzTest {

  private static final int ROUNDS = Integer.getInteger("wos.fuzz.rounds", 200);
  private static final long SEED = Long.getLong("wos.fuzz.seed", 20261125L);
  private static final int CALLS = 60;
  private static final int PAGES = 2;
  private static final Duration SHORT = Duration.ofMillis(150);
  private static final int[] NUMBERS = {
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    15,
    16,
    64,
    100,
    1000,
    1023,
    1024,
    4096,
    65535,
    65536,
    131000,
    131071,
    131072,
    0x7fffffff,
    0x80000000,
    0xfffffff0,
    -2,
    -1
  };
  private static final List<String> NAMES =
      List.of("a", "d", "d/b", "link", "loop", "out", "..", ".", "d/../a", "new", "d/new/", "/a");

  @Test
  void given_any_arguments_when_imports_are_called_then_they_answer_and_the_kernel_is_intact(
      @TempDir Path dir) throws Exception {
    Path box = Files.createDirectory(dir.toRealPath().resolve("box"));
    Files.writeString(dir.resolve("secret"), "SECRET");
    try (Machine m = new Machine(2)) {
      for (int round = 0; round < ROUNDS; round++) {
        Random random = new Random(SEED + round);
        furnish(box, random);
        ExitStatus how = run(m, box, random);
        assertFalse(
            how.describe().contains("internal error"),
            "seed " + (SEED + round) + ": " + how.describe());
      }
      Machine.Log log = new Machine.Log();
      assertEquals(
          new ExitStatus.Exited(0), m.run(SessionSpec.of("hello").output(log::write), "hello"));
      assertEquals("hello from wasm\n", log.text());
      Machine.await("all have gone", () -> m.kernel.processes().isEmpty());
      assertEquals(0, m.kernel.options().budget().used(), "memory given back");
      assertEquals(0, m.kernel.options().files().used(), "files given back");
      assertEquals(0, m.kernel.files().openFiles(), "files closed");
    }
    assertEquals("SECRET", Files.readString(dir.resolve("secret")));
    try (var beside = Files.list(dir)) {
      assertEquals(2, beside.count(), "what lies beside the box");
    }
  }

  private static void furnish(Path box, Random random) throws Exception {
    if (random.nextInt(10) == 0 || Files.notExists(box.resolve("a"))) {
      Files.writeString(box.resolve("a"), "some text");
    }
    if (Files.notExists(box.resolve("d"))) {
      Files.createDirectory(box.resolve("d"));
    }
    if (Files.notExists(box.resolve("link"), java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
      Files.createSymbolicLink(box.resolve("link"), Path.of("d/../a"));
    }
    if (Files.notExists(box.resolve("out"), java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
      Files.createSymbolicLink(box.resolve("out"), Path.of("../secret"));
    }
    if (Files.notExists(box.resolve("loop"), java.nio.file.LinkOption.NOFOLLOW_LINKS)) {
      Files.createSymbolicLink(box.resolve("loop"), Path.of("loop"));
    }
  }

  private static ExitStatus run(Machine m, Path box, Random random) throws Exception {
    Image image = m.kernel.images().get("fuzz", module(random), Machine.PATIENCE);
    Session session =
        m.kernel.start(
            SessionSpec.of("fuzz")
                .args("fuzz", "one")
                .env(List.of("A=b"))
                .preopens(List.of(new Preopen(box, "/", random.nextInt(4) == 0)))
                .limits(Limits.DEFAULT.withMemory(64 * 65536).withProcesses(5).withDescriptors(20))
                .endsWithLeader(true),
            image);
    try {
      return session.await(SHORT);
    } catch (TimeoutException waits) {
      session.signalAll(Signal.CONT);
      session.signalAll(Signal.KILL);
      return session.await(Machine.PATIENCE);
    }
  }

  private static byte[] module(Random random) {
    ModuleWriter writer = new ModuleWriter();
    Map<String, FunctionType> imports = new TreeMap<>(new Imports().types());
    // It would leave nothing for the calls after it.
    imports.remove(Imports.WASI + ".proc_exit");
    List<Map.Entry<String, FunctionType>> all = List.copyOf(imports.entrySet());
    for (Map.Entry<String, FunctionType> i : all) {
      int dot = i.getKey().indexOf('.');
      writer.imports(i.getKey().substring(0, dot), i.getKey().substring(dot + 1), i.getValue());
    }
    ByteArrayOutputStream code = new ByteArrayOutputStream();
    for (int call = 0; call < CALLS; call++) {
      int which = random.nextInt(all.size());
      for (ValType parameter : all.get(which).getValue().params()) {
        push(code, parameter, random);
      }
      code.write(0x10);
      ModuleWriter.unsigned(code, which);
      code.write(0x1a);
    }
    return writer.memory(PAGES, data(random)).function(code.toByteArray()).bytes();
  }

  private static void push(ByteArrayOutputStream code, ValType type, Random random) {
    long value =
        switch (random.nextInt(8)) {
          case 0 -> random.nextInt();
          case 1 -> random.nextLong();
          // What lies at these places looks like names and vectors.
          case 2, 3, 4 -> 16L * random.nextInt(64);
          default -> NUMBERS[random.nextInt(NUMBERS.length)];
        };
    if (type.equals(ValType.I32)) {
      code.write(0x41);
      int low = (int) value;
      ModuleWriter.signed(code, low);
    } else if (type.equals(ValType.I64)) {
      code.write(0x42);
      ModuleWriter.signed(code, random.nextBoolean() ? -1 : value);
    } else {
      code.write(0x44);
      code.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
    }
  }

  /** Names and small numbers, each at a multiple of 16. */
  private static byte[] data(Random random) {
    ByteBuffer data = ByteBuffer.allocate(64 * 16).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 0; at < data.capacity(); at += 16) {
      if (random.nextInt(3) == 0) {
        data.put(at, NAMES.get(random.nextInt(NAMES.size())).getBytes(StandardCharsets.UTF_8));
      } else {
        data.putInt(at, NUMBERS[random.nextInt(NUMBERS.length)]);
        data.putInt(at + 4, NUMBERS[random.nextInt(NUMBERS.length)]);
        data.putLong(at + 8, random.nextInt(4));
      }
    }
    return data.array();
  }
}
