package com.paiml.duende.adapter.wos.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.paiml.duende.adapter.wos.ModuleWriter;
import com.paiml.duende.adapter.wos.Modules;
import com.paiml.duende.adapter.wos.wasi.Imports;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import run.endive.wasm.types.FunctionType;

/**
 * Mutated modules: the loader takes them or refuses them by a {@link DaemonException} with a remedy, and does nothing else. The
 * seed is fixed so that a finding can be run again; {@code -Dwos.fuzz.rounds=N -Dwos.fuzz.seed=S} looks further.
 */
class LoaderFuzzTest {

  private static final int ROUNDS = Integer.getInteger("wos.fuzz.rounds", 1500);
  private static final long SEED = Long.getLong("wos.fuzz.seed", 20261122L);
  private static final List<String> CORPUS =
      List.of(
          "hello",
          "sleep",
          "count",
          "spin_calls",
          "spin_table",
          "table_grow",
          "handler",
          "taker",
          "recurse",
          "grow");

  @Test
  void given_mutated_modules_when_they_are_loaded_then_they_are_taken_or_refused_in_words() {
    ModuleLoader loader = new ModuleLoader(new Imports().types(), 1 << 20, Optional.empty());
    Random random = new Random(SEED);
    List<byte[]> corpus = new ArrayList<>(CORPUS.stream().map(Modules::bytes).toList());
    int taken = 0;
    int refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
      byte[] module = mutate(corpus.get(random.nextInt(corpus.size())), corpus, random);
      try {
        assertNotNull(loader.load("fuzz.wasm", module));
        taken++;
      } catch (DaemonException e) {
        refused++;
        assertTrue(
            e.getMessage().length() < 2000,
            "round " + round + ": a message of " + e.getMessage().length());
        assertTrue(!e.remedy().isBlank(), "round " + round + ": no remedy in " + e.getMessage());
      } catch (Throwable e) {
        fail("round " + round + " of seed " + SEED + " on " + Arrays.toString(module), e);
      }
    }
    System.out.println(
        "loader fuzzing: "
            + ROUNDS
            + " modules, "
            + taken
            + " taken, "
            + refused
            + " refused, seed "
            + SEED);
    assertEquals(ROUNDS, taken + refused);
    assertTrue(
        taken > 0 && refused > 0,
        "the mutations reach nothing: " + taken + " taken, " + refused + " refused");
  }

  @Test
  void
      given_names_of_imports_that_are_not_fit_for_a_terminal_when_refused_then_they_are_cut_and_cleaned() {
    ModuleWriter writer = new ModuleWriter();
    for (int i = 0; i < 500; i++) {
      writer.imports("\u001b[2J", "x".repeat(5000) + "\n" + i, FunctionType.empty());
    }
    DaemonException e =
        assertThrows(
            DaemonException.class,
            () -> loader(1 << 30).load("names.wasm", writer.function(new byte[0]).bytes()));
    assertTrue(e.getMessage().length() < 4000, "a message of " + e.getMessage().length());
    assertTrue(e.getMessage().chars().noneMatch(c -> c < ' '), e.getMessage());
    assertTrue(e.getMessage().contains("480 more"), e.getMessage());
  }

  @Test
  void given_little_heap_when_a_module_would_take_more_to_compile_then_it_is_refused_before() {
    byte[] code = new byte[100_000];
    // nop: the shortest instruction there is
    Arrays.fill(code, (byte) 1);
    byte[] module = new ModuleWriter().function(code).bytes();
    DaemonException e =
        assertThrows(DaemonException.class, () -> loader(4 << 20).load("nops.wasm", module));
    assertEquals(ErrorCode.RESOURCE_LIMIT, e.code());
    assertTrue(e.getMessage().contains("MiB of heap"), e.getMessage());
  }

  @Test
  void given_little_heap_when_many_compile_at_once_then_they_take_turns_and_all_are_done()
      throws Exception {
    ModuleLoader loader = loader(200 << 10);
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<Image>> images = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        images.add(threads.submit(() -> loader.load("hello", Modules.bytes("hello"))));
      }
      for (Future<Image> image : images) {
        assertNotNull(image.get(1, TimeUnit.MINUTES));
      }
    }
  }

  private static ModuleLoader loader(long heap) {
    return new ModuleLoader(new Imports().types(), 1 << 23, Optional.empty(), heap);
  }

  private static byte[] mutate(byte[] original, List<byte[]> corpus, Random random) {
    byte[] module = original.clone();
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      module =
          switch (random.nextInt(6)) {
            case 0 -> flip(module, random);
            case 1 -> hugeNumber(module, random);
            case 2 -> Arrays.copyOf(module, 8 + random.nextInt(Math.max(1, module.length - 8)));
            case 3 -> splice(module, corpus.get(random.nextInt(corpus.size())), random);
            case 4 -> repeatSection(module, random);
            default -> overwrite(module, random);
          };
    }
    return module;
  }

  private static int place(byte[] module, Random random) {
    return Math.min(module.length - 1, 8 + random.nextInt(Math.max(1, module.length - 8)));
  }

  private static byte[] flip(byte[] module, Random random) {
    module[place(module, random)] ^= (byte) (1 << random.nextInt(8));
    return module;
  }

  private static byte[] overwrite(byte[] module, Random random) {
    module[place(module, random)] = (byte) random.nextInt(256);
    return module;
  }

  /** A count or size of 4 GiB, in LEB128, where a small one was. */
  private static byte[] hugeNumber(byte[] module, Random random) {
    byte[] huge = {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x0f};
    int at = place(module, random);
    byte[] result = Arrays.copyOf(module, module.length + huge.length - 1);
    System.arraycopy(huge, 0, result, at, huge.length);
    System.arraycopy(module, at + 1, result, at + huge.length, module.length - at - 1);
    return result;
  }

  private static byte[] splice(byte[] module, byte[] other, Random random) {
    int at = place(module, random);
    int from = place(other, random);
    byte[] result = Arrays.copyOf(module, at + other.length - from);
    System.arraycopy(other, from, result, at, other.length - from);
    return result;
  }

  /** All sections of these modules are shorter than 128 bytes, so that their size is one byte. */
  private static byte[] repeatSection(byte[] module, Random random) {
    int at = 8;
    for (int skip = random.nextInt(6); skip > 0 && at + 1 < module.length; skip--) {
      int next = at + 2 + (module[at + 1] & 0x7f);
      if (next >= module.length) {
        break;
      }
      at = next;
    }
    int end =
        Math.min(module.length, at + 2 + (at + 1 < module.length ? module[at + 1] & 0x7f : 0));
    byte[] result = Arrays.copyOf(module, module.length + Math.max(0, end - at));
    System.arraycopy(module, at, result, end, module.length - at);
    return result;
  }
}
