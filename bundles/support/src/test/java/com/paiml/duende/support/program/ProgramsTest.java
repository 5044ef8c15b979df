package com.paiml.duende.support.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.api.What;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class ProgramsTest {
  @TempDir Path folder;

  private LaunchSpec spec(String workingDir, String... env) {
    return new LaunchSpec(
        new Instance("0123abcd", false),
        DaemonId.random(),
        "web",
        3,
        new Payload.Program("server"),
        List.of(),
        List.of(env),
        DaemonConfig.builder("web").what(new What.Program("server")).workingDir(workingDir).build(),
        Map.of(),
        folder,
        folder,
        folder.resolve("web.log"),
        TraceContext.newRoot());
  }

  private Path program(String name) throws Exception {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n");
    assertTrue(file.toFile().setExecutable(true));
    return file;
  }

  @Test
  void a_path_counts_from_the_working_directory_and_that_from_the_state_directory()
      throws Exception {
    assertEquals(folder.resolve("a/b"), ProgramFile.find("a/b", spec("")));
    assertEquals(folder.resolve("work/a/b"), ProgramFile.find("a/b", spec("work")));
    assertEquals(Path.of("/bin/x"), ProgramFile.find("/bin/x", spec("work")));
    assertEquals(Path.of("/srv"), ProgramFile.workingDirectory(spec("/srv")));
  }

  @Test
  void a_name_is_looked_for_on_the_last_PATH_that_the_daemon_has() throws Exception {
    Path found = program("two/server");
    Files.writeString(Files.createDirectory(folder.resolve("one")).resolve("server"), "no program");
    assertEquals(found, ProgramFile.find("server", spec("", "PATH=/none", "PATH=one::two")));
    DaemonException missing =
        assertThrows(DaemonException.class, () -> ProgramFile.find("server", spec("", "PATH=one")));
    assertEquals(ErrorCode.NOT_FOUND, missing.code());
  }

  @Test
  void a_program_of_another_machine_is_looked_for_where_its_files_are_seen() throws Exception {
    program("root/opt/server");
    assertEquals(
        Path.of("/opt/server"),
        ProgramFile.find(
            "server", spec("", "PATH=/opt"), inside -> folder.resolve("root" + inside)));
  }

  @Test
  void what_is_no_path_is_told() {
    for (String path : List.of("", "a\0/b")) {
      DaemonException fault =
          assertThrows(DaemonException.class, () -> ProgramFile.find(path, spec("")));
      assertEquals(ErrorCode.CONFIGURATION, fault.code());
    }
  }

  @Test
  void a_pid_file_is_removed_by_the_run_that_it_names_and_by_no_other() throws Exception {
    Path file = folder.resolve("web.pid");
    PidFile.write(file, 17, "web");
    PidFile.write(file, 18, "web");
    assertEquals("18\n", Files.readString(file));
    PidFile.remove(file, 17);
    assertTrue(Files.exists(file));
    PidFile.remove(file, 18);
    assertFalse(Files.exists(file));
    PidFile.remove(file, 18);
    DaemonException fault =
        assertThrows(
            DaemonException.class, () -> PidFile.write(folder.resolve("no/web.pid"), 1, "web"));
    assertEquals(ErrorCode.IO, fault.code());
  }

  @Test
  void a_mark_names_the_run_and_replaces_a_variable_of_that_name() {
    RunMark mark = RunMark.of(spec(""));
    assertEquals("0123abcd/web/3", mark.value());
    assertTrue(RunMark.belongsTo(new Instance("0123abcd", true), mark.value()));
    assertFalse(RunMark.belongsTo(new Instance("89abcdef", true), mark.value()));
    assertEquals(
        List.of("HOME=/root", "PATH=/bin", "MARK=0123abcd/web/3"),
        mark.addTo(List.of("HOME=/root", "MARK=forged"), "MARK", List.of("HOME=/", "PATH=/bin")));
  }

  @Test
  void a_link_that_somebody_put_in_the_place_of_a_pid_file_is_neither_followed_nor_read()
      throws Exception {
    Path precious = Files.writeString(folder.resolve("precious"), "77\n");
    Path file = folder.resolve("web.pid");
    Files.createSymbolicLink(file, precious);
    Files.createSymbolicLink(folder.resolve("web.pid.new"), precious);

    PidFile.remove(file, 77);
    assertTrue(Files.isSymbolicLink(file), "not ours to remove");

    PidFile.write(file, 42, "web");
    assertEquals("42\n", Files.readString(file));
    assertFalse(Files.isSymbolicLink(file));
    assertEquals("77\n", Files.readString(precious));
  }

  @Test
  @Timeout(60)
  void a_pipe_that_somebody_puts_in_the_place_of_a_pid_file_holds_nobody_up() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/mkfifo")), "no mkfifo here");
    Path file = folder.resolve("web.pid");
    Path pipe = folder.resolve("pipe");
    assertEquals(0, new ProcessBuilder("/usr/bin/mkfifo", pipe.toString()).start().waitFor());
    // The moment between a look and the opening is met sooner or later: file and pipe change places
    // all the time.
    AtomicBoolean over = new AtomicBoolean();
    Thread attacker =
        Thread.ofPlatform()
            .start(
                () -> {
                  Path kept = folder.resolve("kept");
                  try {
                    Files.writeString(kept, "42\n");
                    while (!over.get()) {
                      Files.deleteIfExists(file);
                      Files.createLink(file, kept);
                      Files.deleteIfExists(file);
                      Files.createLink(file, pipe);
                    }
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
    try {
      for (int i = 0; i < 20_000; i++) {
        PidFile.remove(file, 43);
      }
    } finally {
      over.set(true);
      attacker.join();
    }
    Files.deleteIfExists(file);
    Files.move(pipe, file);
    PidFile.remove(file, 42);
    assertTrue(Files.exists(file), "not ours to remove");
  }
}
