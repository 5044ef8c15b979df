package com.paiml.duende.adapter.wos.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.adapter.wos.ModuleWriter;
import com.paiml.duende.adapter.wos.Modules;
import com.paiml.duende.adapter.wos.kernel.ExitStatus;
import com.paiml.duende.adapter.wos.kernel.KernelOptions;
import com.paiml.duende.adapter.wos.kernel.Machine;
import com.paiml.duende.adapter.wos.kernel.SessionSpec;
import com.paiml.duende.adapter.wos.wasi.Imports;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import run.endive.wasm.Parser;
import run.endive.wasm.WasmModule;

/** Compiled code in files: taken when it is whole, thrown away when it is not, and never in the way of a start. */
class CodeStoreTest {

  private static final long CAPACITY = 64L << 20;

  @TempDir Path dir;
  private Path folder;

  @BeforeEach
  void folder() {
    folder = dir.resolve("data/wos/code");
    assumeTrue(
        dir.getFileSystem().supportedFileAttributeViews().contains("posix"),
        "this file system knows no owners and modes");
  }

  private CodeStore store() {
    return new CodeStore(folder, CAPACITY);
  }

  private static ModuleLoader loader(CodeStore store) {
    return new ModuleLoader(new Imports().types(), 64 << 20, Optional.of(store));
  }

  /** Runs it in a kernel of its own, and tells how many modules that kernel had to compile. */
  private long runs(String module, String says) throws Exception {
    Machine.Log log = new Machine.Log();
    try (Machine m = new Machine(KernelOptions.standard(1).withStore(store()))) {
      assertEquals(
          new ExitStatus.Exited(0), m.run(SessionSpec.of(module).output(log::write), module));
      assertEquals(says, log.text());
      return m.kernel.images().compiled();
    }
  }

  private Path only() throws IOException {
    return files().getFirst();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  @Test
  void given_a_module_that_was_compiled_before_when_another_kernel_runs_it_then_it_is_not_compiled()
      throws Exception {
    assertEquals(1, runs("hello", "hello from wasm\n"));
    assertEquals(0, runs("hello", "hello from wasm\n"));
  }

  @Test
  void given_a_program_in_c_when_another_kernel_runs_it_then_it_does_the_same() throws Exception {
    String says = "THROUGH A PIPE\nchild it ended with 7\nfirst message one\npid good\n";
    assertEquals(1, runs("family", says));
    assertEquals(0, runs("family", says));
  }

  @Test
  void given_kept_code_then_nobody_else_can_read_or_write_it() throws Exception {
    assertEquals(1, runs("hello", "hello from wasm\n"));
    assertEquals(
        PosixFilePermissions.fromString("rwx------"), Files.getPosixFilePermissions(folder));
    assertEquals(
        PosixFilePermissions.fromString("rw-------"), Files.getPosixFilePermissions(only()));
  }

  @Test
  void given_a_file_cut_off_at_any_place_when_its_module_is_run_then_it_is_compiled_and_kept_anew()
      throws Exception {
    assertEquals(1, runs("hello", "hello from wasm\n"));
    byte[] whole = Files.readAllBytes(only());
    for (int length : new int[] {0, 3, 8, 39, 40, 41, whole.length / 2, whole.length - 1}) {
      Files.write(only(), java.util.Arrays.copyOf(whole, length));
      assertEquals(1, runs("hello", "hello from wasm\n"), "cut off at " + length);
      assertEquals(0, runs("hello", "hello from wasm\n"), "kept anew");
    }
  }

  @Test
  void given_a_file_with_one_bit_changed_when_its_module_is_run_then_it_is_compiled_anew()
      throws Exception {
    assertEquals(1, runs("hello", "hello from wasm\n"));
    byte[] whole = Files.readAllBytes(only());
    for (int at = 0; at < whole.length; at += 1 + whole.length / 20) {
      byte[] changed = whole.clone();
      changed[at] ^= 4;
      Files.write(only(), changed);
      assertEquals(1, runs("hello", "hello from wasm\n"), "changed at " + at);
    }
  }

  @Test
  void given_the_code_of_another_module_in_its_place_when_it_is_run_then_it_is_compiled_anew()
      throws Exception {
    assertEquals(1, runs("hello", "hello from wasm\n"));
    Path hello = only();
    Path other = store().file(ModuleLoader.digest(Modules.bytes("trap")));
    try (Machine m = new Machine(KernelOptions.standard(1).withStore(store()))) {
      assertTrue(m.image("trap").size() > 0);
    }
    Files.copy(other, hello, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertEquals(1, runs("hello", "hello from wasm\n"));
  }

  @Test
  void given_a_folder_that_others_can_write_to_when_a_module_is_run_then_the_folder_is_not_used()
      throws Exception {
    Files.createDirectories(folder);
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertEquals(1, runs("hello", "hello from wasm\n"));
    assertEquals(List.of(), files());
  }

  @Test
  void given_a_symbolic_link_for_a_folder_when_a_module_is_run_then_it_is_not_followed()
      throws Exception {
    Path elsewhere = Files.createDirectory(dir.resolve("elsewhere"));
    Files.createDirectories(folder.getParent());
    Files.createSymbolicLink(folder, elsewhere);
    assertEquals(1, runs("hello", "hello from wasm\n"));
    try (Stream<Path> files = Files.list(elsewhere)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void given_a_file_where_the_folder_should_be_when_a_module_is_run_then_it_runs()
      throws Exception {
    Files.createDirectories(folder.getParent());
    Files.writeString(folder, "not a folder");
    assertEquals(1, runs("hello", "hello from wasm\n"));
  }

  @Test
  void given_more_code_than_may_be_kept_when_one_more_comes_then_the_oldest_goes()
      throws Exception {
    List<String> names = List.of("hello", "count", "sleep", "handler");
    ModuleLoader free = loader(store());
    for (String name : names) {
      assertTrue(free.load(name, Modules.bytes(name)).size() > 0);
    }
    long sum = 0;
    for (Path file : files()) {
      sum += Files.size(file);
    }
    Path first = store().file(ModuleLoader.digest(Modules.bytes("hello")));
    Path second = store().file(ModuleLoader.digest(Modules.bytes("count")));
    age(first, Duration.ofHours(2));
    age(second, Duration.ofHours(1));
    // Use makes it young again.
    assertTrue(store().get(ModuleLoader.digest(Modules.bytes("hello"))).isPresent());
    Path unfinished = Files.createFile(folder.resolve("left-by-a-crash.new"));
    age(unfinished, Duration.ofHours(1));
    ModuleLoader bounded = loader(new CodeStore(folder, sum));
    assertTrue(bounded.load("taker", Modules.bytes("taker")).size() > 0);
    assertTrue(Files.exists(first), "it was of use lately");
    assertFalse(Files.exists(second), "the oldest");
    assertFalse(Files.exists(unfinished));
    long left = 0;
    for (Path file : files()) {
      left += Files.size(file);
    }
    assertTrue(left <= sum, left + " bytes of " + sum);
  }

  private static void age(Path file, Duration by) throws IOException {
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(by)));
  }

  @Test
  void given_a_function_too_large_to_compile_when_the_module_is_kept_then_it_is_kept_to_interpret()
      throws Exception {
    byte[] bytes = new ModuleWriter().function(ModuleWriter.hugeLoop()).bytes();
    CompiledCode code = CompiledCode.compile(Parser.parse(bytes)).code();
    assertEquals(Set.of(0), code.interpreted());
    CompiledCode again = CompiledCode.decoded(code.encoded());
    assertEquals(code.interpreted(), again.interpreted());
    assertEquals(List.copyOf(code.classes().keySet()), List.copyOf(again.classes().keySet()));
    Image first = loader(store()).load("huge", bytes);
    Image second = loader(store()).load("huge", bytes);
    for (Image image : List.of(first, second)) {
      assertTrue(
          image.module().codeSection().getFunctionBody(0).instructions().size() > 60_000,
          "its instructions are there");
    }
  }

  @Test
  void given_a_compiled_module_when_its_image_is_kept_then_its_parsed_code_is_not()
      throws Exception {
    byte[] bytes = Modules.bytes("family");
    assertTrue(instructions(Parser.parse(bytes)) > 5000, "of which a heap has a lot");
    Image image = loader(store()).load("family", bytes);
    int functions = image.module().codeSection().functionBodyCount();
    assertTrue(instructions(image.module()) <= 2L * functions, "only that each function traps");
  }

  private static long instructions(WasmModule module) {
    return Stream.of(module.codeSection().functionBodies())
        .mapToLong(body -> body.instructions().size())
        .sum();
  }

  @Test
  void given_the_name_of_the_runtime_in_the_files_then_it_is_the_version_that_is_used()
      throws Exception {
    Properties pom = new Properties();
    try (InputStream in =
        Parser.class.getResourceAsStream("/META-INF/maven/run.endive/wasm/pom.properties")) {
      pom.load(in);
    }
    assertEquals(ModuleLoader.RUNTIME, "endive-" + pom.getProperty("version"));
  }
}
