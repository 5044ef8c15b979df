package com.paiml.duende.linux.process;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.linux.Await;
import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.kernel.Pipe;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The way that {@link Linux#spawner()} takes; another class has the other way. */
public class SpawnerTest {
  private static final Path SH = Path.of("/bin/sh");

  @TempDir Path dir;
  private Linux linux;
  private Spawner spawner;

  @BeforeEach
  void open() throws LinuxException {
    linux = Here.linux();
    spawner = open(linux);
  }

  protected Spawner open(Linux here) throws LinuxException {
    return here.spawner();
  }

  @AfterEach
  void close() {
    if (spawner != null) {
      spawner.close();
    }
  }

  private static SpawnRequest shell(String script) {
    return SpawnRequest.of(SH, List.of("-c", script));
  }

  private ExitStatus end(Pidfd child) throws Exception {
    try (child) {
      if (!child.awaitEnd(Await.LONG)) {
        assertTrue(child.sendSignal(9));
        assertTrue(child.awaitEnd(Await.LONG));
        assertTrue(child.reap().isPresent());
        throw new AssertionError("the child did not end by itself");
      }
      return child.reap().orElseThrow();
    }
  }

  private String output(SpawnRequest request) throws Exception {
    Path out = dir.resolve("out");
    Files.deleteIfExists(out);
    Stdio file = new Stdio.Append(out);
    assertEquals(
        new ExitStatus.Exited(0),
        end(spawner.spawn(request.withStdio(new Stdio.Null(), file, file))),
        () -> "see " + out);
    return Files.readString(out);
  }

  @Test
  void argumentsEnvironmentAndDirectoryAreExactlyThoseAsked() throws Exception {
    String said =
        output(
            SpawnRequest.of("zero", SH, List.of("-c", "echo $0 $1; /usr/bin/env; pwd", "a b", "ü"))
                .withEnvironment(List.of("GREETING=grüß dich", "EMPTY="))
                .withWorkingDirectory(dir));
    assertTrue(said.startsWith("a b ü\n"), said);
    List<String> lines = said.lines().toList();
    assertTrue(lines.contains("GREETING=grüß dich"), said);
    assertTrue(lines.contains("EMPTY="), said);
    assertEquals(dir.toRealPath().toString(), lines.getLast());
    assertFalse(said.contains("PATH=") || said.contains("HOME="), "nothing is inherited: " + said);
  }

  @Test
  void theChildLeadsItsSessionAndHasNoSignalBlockedOrIgnored() throws Exception {
    String said =
        output(
            SpawnRequest.of(Path.of("/bin/cat"), List.of("/proc/self/status", "/proc/self/stat")));
    assertTrue(said.lines().anyMatch("SigBlk:\t0000000000000000"::equals), said);
    assertTrue(said.lines().anyMatch("SigIgn:\t0000000000000000"::equals), said);
    String[] stat = said.lines().toList().getLast().split(" ");
    assertEquals(stat[0], stat[4], "process group");
    assertEquals(stat[0], stat[5], "session");
  }

  @Test
  void theChildHasNoDescriptorThatItWasNotGiven() throws Exception {
    try (Pipe leaky = linux.pipe();
        var open = Files.newInputStream(SH)) {
      assertTrue(open.read() >= 0);
      assertTrue(leaky.sink().number() > 2);
      // The 3 is the folder that ls itself reads.
      assertEquals(
          "0\n1\n2\n3\n", output(SpawnRequest.of(Path.of("/bin/ls"), List.of("/proc/self/fd"))));
    }
  }

  @Test
  void descriptorsHandedOverHaveTheNumbersThreeAndFour() throws Exception {
    try (Pipe one = linux.pipe();
        Pipe two = linux.pipe()) {
      assertEquals(
          new ExitStatus.Exited(0),
          end(
              spawner.spawn(
                  shell("printf one >&3; printf two >&4; [ ! -e /proc/self/fd/5 ]")
                      .withDescriptors(List.of(one.sink(), two.sink())))));
      assertEquals("one", read(one));
      assertEquals("two", read(two));
    }
  }

  private static String read(Pipe pipe) throws LinuxException {
    byte[] bytes = new byte[100];
    return new String(bytes, 0, pipe.source().read(bytes, 0, 100), StandardCharsets.UTF_8);
  }

  @Test
  void standardInputMayComeFromAFileOrAPipe() throws Exception {
    Path in = Files.writeString(dir.resolve("in"), "from a file\n");
    Path out = dir.resolve("copy");
    SpawnRequest cat = SpawnRequest.of(Path.of("/bin/cat"), List.of());
    assertEquals(
        new ExitStatus.Exited(0),
        end(
            spawner.spawn(
                cat.withStdio(new Stdio.Read(in), new Stdio.Append(out), new Stdio.Null()))));
    try (Pipe pipe = linux.pipe()) {
      assertEquals(4, pipe.sink().write("pipe".getBytes(StandardCharsets.UTF_8), 0, 4));
      pipe.sink().close();
      assertEquals(
          new ExitStatus.Exited(0),
          end(
              spawner.spawn(
                  cat.withStdio(
                      new Stdio.Handed(pipe.source()), new Stdio.Append(out), new Stdio.Null()))));
    }
    assertEquals("from a file\npipe", Files.readString(out));
  }

  @Test
  void outputIsAppendedAndBothStreamsKeepTheirOrder() throws Exception {
    Path log = Files.writeString(dir.resolve("log"), "before\n");
    Stdio file = new Stdio.Append(log);
    Pidfd child =
        spawner.spawn(
            shell("echo one; echo two >&2; echo three").withStdio(new Stdio.Null(), file, file));
    assertEquals(new ExitStatus.Exited(0), end(child));
    assertEquals("before\none\ntwo\nthree\n", Files.readString(log));
  }

  @Test
  void exitCodesAndSignalsComeBackRight() throws Exception {
    assertEquals(new ExitStatus.Exited(37), end(spawner.spawn(shell("exit 37"))));
    assertEquals(new ExitStatus.Signaled(15, false), end(spawner.spawn(shell("kill -TERM $$"))));
  }

  @Test
  void threeHundredChildrenGiveTheirOwnCodesAndLeaveNoZombieAndNoDescriptor() throws Exception {
    long before = openDescriptors();
    List<Pidfd> children = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      children.add(spawner.spawn(shell("exit " + i % 200)));
    }
    List<Integer> pids = children.stream().map(Pidfd::pid).toList();
    for (int i = 0; i < 300; i++) {
      assertEquals(new ExitStatus.Exited(i % 200), end(children.get(i)), "child " + i);
    }
    for (int pid : pids) {
      assertFalse(isOurZombie(pid), "zombie " + pid);
    }
    Await.until("descriptors are back", () -> openDescriptors() <= before + 2);
  }

  private static boolean isOurZombie(int pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      return fields[0].equals("Z") && Long.parseLong(fields[1]) == ProcessHandle.current().pid();
    } catch (java.io.IOException gone) {
      return false;
    }
  }

  private static long openDescriptors() throws java.io.IOException {
    try (var all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    }
  }

  private LinuxException refused(SpawnRequest request) {
    return assertThrows(LinuxException.class, () -> end(spawner.spawn(request)));
  }

  private void assertRefused(String errno, String thing, SpawnRequest request) {
    LinuxException e = refused(request);
    assertAll(
        () -> assertEquals(errno, e.errno(), e.getMessage()),
        () -> assertTrue(e.thing().contains(thing), e.getMessage()),
        () -> assertFalse(e.remedy().isBlank()));
  }

  @Test
  void aMissingProgramIsNamed() {
    assertRefused("ENOENT", "/no/such", SpawnRequest.of(Path.of("/no/such"), List.of()));
  }

  @Test
  void aMissingInterpreterIsToldFromAMissingProgram() throws Exception {
    Path script = executable("#!/no/interpreter\n");
    LinuxException e = refused(SpawnRequest.of(script, List.of()));
    assertEquals("ENOENT", e.errno());
    assertTrue(e.remedy().contains("interpreter"), e.getMessage());
  }

  private Path executable(String content) throws java.io.IOException {
    Path file = Files.writeString(dir.resolve("program"), content);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Test
  void aFileThatIsNoProgramIsRefused() throws Exception {
    Path plain = Files.writeString(dir.resolve("plain"), "x");
    assertRefused("EACCES", plain.toString(), SpawnRequest.of(plain, List.of()));
    assertRefused("ENOEXEC", "program", SpawnRequest.of(executable("no program"), List.of()));
    assertRefused("EACCES", dir.toString(), SpawnRequest.of(dir, List.of()));
  }

  @Test
  void aMissingWorkingDirectoryIsNotBlamedOnTheProgram() {
    assertRefused(
        "ENOENT", "/no/folder", shell("true").withWorkingDirectory(Path.of("/no/folder")));
    assertRefused("ENOTDIR", "/bin/sh", shell("true").withWorkingDirectory(SH));
  }

  @Test
  void aRelativeProgramIsRefused() {
    assertRefused("EINVAL", "sh", SpawnRequest.of(Path.of("sh"), List.of()));
  }

  @Test
  void f108AVariableOfOneMebibyteIsRefusedByItsNameOnly() {
    LinuxException e =
        refused(shell("true").withEnvironment(List.of("SECRET=" + "x".repeat(1 << 20))));
    assertEquals("E2BIG", e.errno());
    assertTrue(e.thing().contains("SECRET"), e.getMessage());
    assertFalse(e.getMessage().contains("xx"), "the value stays secret");
  }

  @Test
  void moreArgumentsThanTheStackTakesAreRefused() {
    List<String> many = java.util.Collections.nCopies(200, "y".repeat(100_000));
    assertRefused("E2BIG", SH.toString(), SpawnRequest.of(SH, many));
  }

  @Test
  void f109APathOverTheLimitIsRefused() {
    assertRefused(
        "ENAMETOOLONG", "/a/a/", SpawnRequest.of(Path.of("/" + "a/".repeat(2100)), List.of()));
    assertRefused(
        "ENAMETOOLONG", "bbb", SpawnRequest.of(Path.of("/" + "b".repeat(300)), List.of()));
  }

  @Test
  void f110ASymlinkLoopIsRefused() throws Exception {
    Path a = dir.resolve("a");
    Files.createSymbolicLink(a, dir.resolve("b"));
    Files.createSymbolicLink(dir.resolve("b"), a);
    assertRefused("ELOOP", a.toString(), SpawnRequest.of(a, List.of()));
    assertRefused("ELOOP", "working directory", shell("true").withWorkingDirectory(a));
  }

  @Test
  void aZeroCharacterIsRefusedWhereverItIs() {
    assertRefused("EINVAL", "argument 2", shell("true\0false"));
    assertRefused("EINVAL", "variable A", shell("true").withEnvironment(List.of("A=\0")));
    assertRefused("EINVAL", "variable 0", shell("true").withEnvironment(List.of("=novalue")));
  }

  @Test
  void aFifoThatNobodyReadsDoesNotBlockTheStart() throws Exception {
    Path fifo = dir.resolve("fifo");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    Stdio to = new Stdio.Append(fifo);
    assertRefused("ENXIO", fifo.toString(), shell("true").withStdio(new Stdio.Null(), to, to));
  }

  @Test
  void aSignalReachesTheWholeGroupAlsoAfterItsLeaderWasReaped() throws Exception {
    Path pids = dir.resolve("pids");
    Pidfd leader =
        spawner.spawn(shell("sleep 1000 & echo $! > pids; wait $!").withWorkingDirectory(dir));
    try (leader) {
      Await.until("grandchild", () -> Files.exists(pids) && Files.size(pids) > 1);
      int grandchild = Integer.parseInt(Files.readString(pids).strip());
      try (Pidfd held = linux.processes().open(grandchild)) {
        assertTrue(leader.sendSignal(9));
        assertTrue(leader.awaitEnd(Await.LONG));
        assertEquals(Optional.of(new ExitStatus.Signaled(9, false)), leader.reap());
        assertFalse(held.hasEnded());
        if (!leader.sendSignalToGroup(9)) {
          // Before Linux 6.9 the group of a reaped leader cannot be reached without a race.
          assertTrue(held.sendSignal(9));
        }
        assertTrue(held.awaitEnd(Await.LONG));
      }
    }
  }
}
