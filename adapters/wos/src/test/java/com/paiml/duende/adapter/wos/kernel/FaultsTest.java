package com.paiml.duende.adapter.wos.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.wos.Modules;
import com.paiml.duende.adapter.wos.engine.Budget;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bad modules and bad behaviour: named, contained, and the kernel goes on. */
class FaultsTest {

  private final Machine m = new Machine(2);

  @AfterEach
  void the_kernel_is_intact() throws Exception {
    Machine.Log log = new Machine.Log();
    assertEquals(
        new ExitStatus.Exited(0), m.run(SessionSpec.of("hello").output(log::write), "hello"));
    assertEquals("hello from wasm\n", log.text());
    m.close();
    assertEquals(0, m.kernel.options().budget().used(), "memory given back");
    assertEquals(0, m.kernel.files().openFiles(), "files closed");
  }

  private DaemonException refused(byte[] module) {
    return assertThrows(
        DaemonException.class, () -> m.kernel.images().get("bad.wasm", module, Machine.PATIENCE));
  }

  private void refused(byte[] module, ErrorCode code, String... words) {
    DaemonException e = refused(module);
    assertEquals(code, e.code(), e.getMessage());
    for (String word : words) {
      assertTrue(e.getMessage().contains(word), e.getMessage());
    }
  }

  @Test
  void given_something_else_than_webassembly_when_loaded_then_it_is_refused_as_such() {
    refused(new byte[0], ErrorCode.CONFIGURATION, "bad.wasm", "not WebAssembly");
    refused(
        "#!/bin/sh\nexit 0\n".getBytes(java.nio.charset.StandardCharsets.UTF_8),
        ErrorCode.CONFIGURATION,
        "not WebAssembly");
    refused(new byte[] {0, 'a', 's', 'm', 1, 0}, ErrorCode.CONFIGURATION, "truncated");
    refused(
        new byte[] {0, 'a', 's', 'm', 13, 0, 1, 0}, ErrorCode.CONFIGURATION, "component", "wasip1");
  }

  /** hello.wasm: cut off right before its last section, the data, it is a module still, and a silent one. */
  @Test
  void given_a_module_cut_off_at_any_byte_when_loaded_then_it_is_refused() {
    byte[] whole = Modules.bytes("hello");
    int dataSection = whole.length - 24;
    assertEquals(11, whole[dataSection], "the id of a data section");
    for (int length = 0; length < whole.length; length++) {
      if (length != dataSection) {
        assertEquals(
            ErrorCode.CONFIGURATION,
            refused(Arrays.copyOf(whole, length)).code(),
            "cut at " + length);
      }
    }
  }

  @Test
  void given_imports_that_nobody_offers_when_loaded_then_all_of_them_are_named() {
    refused(
        Modules.bytes("stranger"),
        ErrorCode.CONFIGURATION,
        "env.launch_rockets (function)",
        "wasi_snapshot_preview1.fd_close as",
        "env.memory (memory)");
  }

  @Test
  void given_a_library_when_loaded_then_the_missing_export_is_named() {
    refused(Modules.bytes("library"), ErrorCode.CONFIGURATION, "_start");
  }

  @Test
  void given_a_module_of_100_megabytes_when_loaded_then_its_size_is_refused(@TempDir Path dir)
      throws Exception {
    Path huge = dir.resolve("huge.wasm");
    try (var file = new java.io.RandomAccessFile(huge.toFile(), "rw")) {
      file.setLength(100L << 20);
    }
    DaemonException e =
        assertThrows(DaemonException.class, () -> m.kernel.images().get(huge, Machine.PATIENCE));
    assertEquals(ErrorCode.RESOURCE_LIMIT, e.code());
    assertTrue(e.getMessage().contains("67108864"), e.getMessage());
  }

  @Test
  void given_no_such_file_when_loaded_then_it_says_so(@TempDir Path dir) {
    Path missing = dir.resolve("none.wasm");
    DaemonException e =
        assertThrows(DaemonException.class, () -> m.kernel.images().get(missing, Machine.PATIENCE));
    assertEquals(ErrorCode.NOT_FOUND, e.code());
    assertTrue(Files.notExists(missing));
  }

  private void traps(String module, String words) throws Exception {
    ExitStatus status = m.run(SessionSpec.of(module), module);
    ExitStatus.Trapped trapped =
        assertInstanceOf(ExitStatus.Trapped.class, status, status.describe());
    assertTrue(trapped.what().contains(words), trapped.what());
  }

  @Test
  void given_a_trap_when_it_runs_then_the_process_ends_with_it() throws Exception {
    traps("trap", "unreachable");
    traps("outside", "out of bounds memory access");
    traps("segment", "out of bounds memory access");
  }

  @Test
  void given_endless_recursion_when_it_runs_then_only_that_process_ends() throws Exception {
    for (int i = 0; i < 20; i++) {
      traps("recurse", "call stack exhausted");
    }
  }

  @Test
  void given_endless_recursion_through_the_kernel_when_it_runs_then_the_kernel_is_never_torn()
      throws Exception {
    Session busy = m.start("count");
    for (int i = 0; i < 50; i++) {
      traps("recurse_calls", "call stack exhausted");
    }
    long at = Machine.counter(busy.leader());
    Machine.await("the other goes on", () -> Machine.counter(busy.leader()) > at);
  }

  @Test
  void given_a_memory_limit_when_memory_grows_past_it_then_growing_fails_and_the_limit_is_told()
      throws Exception {
    java.util.Queue<String> told = new java.util.concurrent.ConcurrentLinkedQueue<>();
    SessionSpec spec =
        SessionSpec.of("grow")
            .limits(Limits.DEFAULT.withMemory(10 * 65536))
            .events(
                new SessionEvents() {
                  @Override
                  public void limitReached(String resource, String detail) {
                    told.add(resource);
                  }
                });
    assertEquals(new ExitStatus.Exited(3), m.run(spec, "grow"));
    assertEquals(java.util.List.of("memory"), java.util.List.copyOf(told));
  }

  @Test
  void given_a_module_that_begins_with_more_than_its_limit_when_started_then_it_is_refused_by_name()
      throws Exception {
    DaemonException e = assertThrows(DaemonException.class, () -> m.start("greedy"));
    assertEquals(ErrorCode.RESOURCE_LIMIT, e.code());
    assertTrue(
        e.getMessage().contains("536870912") && e.getMessage().contains("268435456"),
        e.getMessage());
  }

  @Test
  void
      given_little_heap_for_all_when_processes_grow_then_they_are_refused_and_the_container_keeps_its_heap()
          throws Exception {
    try (Machine small =
        new Machine(KernelOptions.standard(2).withBudget(new Budget(16 * 65536)))) {
      Session first = small.start("sleep");
      assertEquals(new ExitStatus.Exited(3), small.run(SessionSpec.of("grow"), "grow"));
      assertTrue(small.kernel.options().budget().used() <= 16 * 65536);
      for (int i = 0; i < 15; i++) {
        small.start("sleep");
      }
      DaemonException e = assertThrows(DaemonException.class, () -> small.start("sleep"));
      assertEquals(ErrorCode.RESOURCE_LIMIT, e.code());
      assertTrue(first.leader().status().isEmpty());
    }
  }

  @Test
  void given_one_module_many_times_when_it_grows_its_table_then_each_begins_with_its_own()
      throws Exception {
    for (int i = 0; i < 3; i++) {
      assertEquals(new ExitStatus.Exited(0), m.run(SessionSpec.of("table_grow"), "table_grow"));
    }
  }
}
