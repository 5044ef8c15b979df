package com.paiml.duende.linux.internal;

import static com.paiml.duende.linux.internal.StepList.value;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.internal.StepList.Place;
import com.paiml.duende.linux.kernel.Architecture;
import com.paiml.duende.linux.kernel.Errno;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The executor by itself, started from a shell: this machine's directly, the other architecture's
 * under qemu's user emulation where that is installed.
 */
class ExecutorProgramTest {
  private static final int LIST = 3;

  @TempDir Path dir;

  private record Outcome(int status, String said, ByteBuffer report) {}

  private Outcome run(Architecture architecture, byte[] list, String... arguments)
      throws Exception {
    Path program = dir.resolve("executor");
    Files.write(program, binary(architecture));
    assertTrue(program.toFile().setExecutable(true));
    Path file = Files.write(dir.resolve("list"), list);
    Path report = dir.resolve("report");
    List<String> command = new ArrayList<>(List.of("sh", "-c"));
    command.add("exec \"$@\" " + LIST + "<" + file + " " + (LIST + 1) + ">" + report);
    command.add("sh");
    command.addAll(emulator(architecture));
    command.add(program.toString());
    command.add(Integer.toString(LIST));
    command.addAll(Arrays.asList(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    ByteBuffer words = ByteBuffer.wrap(Files.readAllBytes(report)).order(ByteOrder.LITTLE_ENDIAN);
    return new Outcome(process.exitValue(), said, words);
  }

  private static byte[] binary(Architecture architecture) throws Exception {
    String name = "executor-" + architecture.kernelName();
    try (InputStream in = Executor.class.getResourceAsStream(name)) {
      if (in != null) {
        return in.readAllBytes();
      }
    }
    try (InputStream why = Executor.class.getResourceAsStream(name + ".txt")) {
      return abort(
          why == null
              ? "built without " + name
              : new String(why.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  private static List<String> emulator(Architecture architecture) {
    if (architecture == Here.linux().architecture()) {
      return List.of();
    }
    Path emulator = Path.of("/usr/bin/qemu-" + architecture.kernelName());
    assumeTrue(Files.isExecutable(emulator), emulator + " is needed: install qemu-user");
    return List.of(emulator.toString());
  }

  @ParameterizedTest
  @EnumSource
  void stepsAreMadeInOrderAndTheProgramIsExecutedWithItsOwnArguments(Architecture architecture)
      throws Exception {
    StepList list = new StepList(architecture);
    list.call(Call.UMASK, "umask", value(027));
    Place limit = list.room(16);
    list.putLong(limit, 50);
    list.putLong(limit.plus(8), 60);
    list.call(Call.PRLIMIT64, "limit", value(0), value(7), limit.pointer(), value(0));
    execute(list, "/bin/sh");
    Outcome outcome =
        run(architecture, list.encode(), "zero", "-c", "echo $0 $1; umask; ulimit -n", "a", "b");
    assertEquals("a b\n0027\n50\n", outcome.said());
    assertEquals(0, outcome.status());
    assertEquals(0, outcome.report().capacity());
  }

  private static void execute(StepList list, String program) {
    list.call(
        Call.EXECVE,
        program,
        list.string(program).pointer(),
        StepList.OWN_ARGUMENTS,
        StepList.OWN_ENVIRONMENT);
  }

  @ParameterizedTest
  @EnumSource
  void resultsAreStoredLoadedAndPointersPutRight(Architecture architecture) throws Exception {
    Path made = dir.resolve("made");
    Files.createFile(made);
    StepList list = new StepList(architecture);
    Place fd = list.room(4);
    list.callStoring(
        fd,
        Call.OPENAT,
        "open",
        value(Kernel.AT_FDCWD),
        list.string(made.toString()).pointer(),
        value(Kernel.O_WRONLY));
    list.call(
        Call.WRITE,
        "write",
        fd.load(),
        list.string("written").pointer(),
        value("written".length()));
    list.call(Call.CLOSE, "close", fd.load());
    Place vector = list.room(24);
    list.putPointer(vector, list.string("echo"));
    list.putPointer(vector.plus(8), list.string("by pointer"));
    list.call(
        Call.EXECVE,
        "execve",
        list.string("/bin/echo").pointer(),
        vector.pointer(),
        StepList.OWN_ENVIRONMENT);
    Outcome outcome = run(architecture, list.encode(), "unused");
    assertEquals("by pointer\n", outcome.said());
    assertEquals("written", Files.readString(made));
  }

  @ParameterizedTest
  @EnumSource
  void aStepThatFailsIsReportedWithItsErrorAndNothingFollows(Architecture architecture)
      throws Exception {
    StepList list = new StepList(architecture);
    list.call(Call.UMASK, "umask", value(0));
    list.callTolerating(Errno.ENOENT, Call.CHDIR, "tolerated", list.string("/no/such").pointer());
    list.call(Call.CHDIR, "the fatal one", list.string("/no/such").pointer());
    execute(list, "/bin/true");
    Outcome outcome = run(architecture, list.encode(), "true");
    assertEquals(127, outcome.status());
    assertEquals("the fatal one", list.purpose(outcome.report().getInt()).thing());
    assertEquals(Errno.ENOENT.number(), outcome.report().getInt());
  }

  @ParameterizedTest
  @EnumSource
  void aBrokenListEndsInAReportAndNotInAWildWrite(Architecture architecture) throws Exception {
    StepList list = new StepList(architecture);
    list.call(Call.CHDIR, "chdir", list.string("/").pointer());
    execute(list, "/bin/true");
    byte[] good = list.encode();
    // Every 32-bit word in turn made enormous: whatever it stood for, nothing may crash.
    for (int at = 0; at + 4 <= good.length; at += 4) {
      byte[] broken = good.clone();
      ByteBuffer.wrap(broken).order(ByteOrder.LITTLE_ENDIAN).putInt(at, 0x7ffffff0);
      Outcome outcome = run(architecture, broken, "true");
      assertTrue(
          outcome.status() == 127 || outcome.status() == 0,
          "word at " + at + " ended it with " + outcome.status() + outcome.said());
      assertEquals(outcome.status() == 127, outcome.report().capacity() == 8, "word at " + at);
    }
    for (byte[] cut :
        List.of(new byte[0], Arrays.copyOf(good, 10), Arrays.copyOf(good, good.length - 1))) {
      Outcome outcome = run(architecture, cut, "true");
      assertEquals(127, outcome.status());
      assertEquals(8, outcome.report().capacity());
    }
  }
}
