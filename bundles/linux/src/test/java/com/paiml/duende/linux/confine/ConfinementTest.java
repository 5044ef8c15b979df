package com.paiml.duende.linux.confine;

import static com.paiml.duende.linux.Children.end;
import static com.paiml.duende.linux.Children.output;
import static com.paiml.duende.linux.Children.shell;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.kernel.Pipe;
import com.paiml.duende.linux.limits.Limit;
import com.paiml.duende.linux.limits.Resource;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.SpawnRequest;
import com.paiml.duende.linux.process.Spawner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the kernel says is in force, read back inside the program itself. For the way that {@link Linux#spawner()} takes; another
 * class has the other way.
 */
public class ConfinementTest {
  private static final SpawnRequest STATUS =
      SpawnRequest.of(Path.of("/bin/cat"), List.of("/proc/self/status"));
  private static final Credentials NOBODY = new Credentials(65534, 65534, List.of(65533));
  private static final Path PYTHON = Path.of("/usr/bin/python3");
  private static final int SIGSYS = 31;

  @TempDir Path dir;
  private Linux linux;
  private Spawner spawner;

  @BeforeEach
  void open() throws Exception {
    linux = Here.linux();
    spawner = open(linux);
    try {
      assertEquals(
          new ExitStatus.Exited(0),
          end(spawner.spawn(shell("exit 0").withConfinement(confinement().umask(022).build()))));
    } catch (LinuxException refused) {
      if (refused.call().equals("executor")) {
        abort(refused.getMessage());
      }
      throw refused;
    }
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

  private static Confinement.Builder confinement() {
    return Confinement.builder();
  }

  private static void asRoot() throws Exception {
    assumeTrue(
        Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "root is needed for this");
  }

  private Map<String, String> status(Confinement confinement) throws Exception {
    return output(spawner, STATUS.withConfinement(confinement))
        .lines()
        .map(line -> line.split(":\\s*", 2))
        .collect(Collectors.toMap(part -> part[0], part -> part[1]));
  }

  @Test
  void argumentsEnvironmentDirectoryAndDescriptorsAreAsWithoutConfinement() throws Exception {
    try (Pipe pipe = linux.pipe()) {
      String said =
          output(
              spawner,
              SpawnRequest.of(
                      "zero",
                      Path.of("/bin/sh"),
                      List.of(
                          "-c", "echo $0 $1 $A; pwd; printf x >&3; ls /proc/self/fd", "a b", "c"))
                  .withEnvironment(List.of("A=ü", "PATH=/bin:/usr/bin"))
                  .withWorkingDirectory(dir)
                  .withDescriptors(List.of(pipe.sink()))
                  .withConfinement(confinement().umask(027).build()));
      assertEquals("a b c ü\n" + dir.toRealPath() + "\n0\n1\n2\n3\n4\n", said);
      assertEquals(1, pipe.source().read(new byte[9], 0, 9));
    }
  }

  @Test
  void theChildLeadsItsSessionAndHasNoSignalBlockedOrIgnored() throws Exception {
    Map<String, String> status = status(confinement().umask(0).build());
    assertEquals("0000000000000000", status.get("SigBlk"));
    assertEquals("0000000000000000", status.get("SigIgn"));
    assertEquals(status.get("Pid"), status.get("NSsid").split("\t")[0]);
  }

  @Test
  void umaskNiceAndProcessorsAreInForce() throws Exception {
    Map<String, String> status = status(confinement().umask(027).processor(0).build());
    assertEquals("0027", status.get("Umask"));
    assertEquals("0", status.get("Cpus_allowed_list"));
    assertEquals(
        "7\n", output(spawner, shell("nice").withConfinement(confinement().nice(7).build())));
  }

  /** linux/sched.h: PF_MEMALLOC_NOIO and PF_LOCAL_THROTTLE, in field 9 of /proc/PID/stat. */
  @Test
  void theIoFlusherFlagIsInForceAndPassesToChildren() throws Exception {
    long capabilities =
        Long.parseUnsignedLong(
            field(Files.readString(Path.of("/proc/self/status")), "CapEff").replaceAll(".*\\s", ""),
            16);
    assumeTrue((capabilities & 1 << 24) != 0, "needs CAP_SYS_RESOURCE");
    String flags = "read -r stat </proc/self/stat; set -- ${stat##*) }; echo $(($7 & 0x180000))";
    assertEquals(
        0x180000 + "\n" + 0x180000 + "\n",
        output(
            spawner,
            shell(flags + "; sh -c '" + flags + "'")
                .withConfinement(confinement().ioFlusher().build())));
    assertEquals(
        "0\n", output(spawner, shell(flags).withConfinement(confinement().nice(1).build())));
  }

  @Test
  void ioPriorityIsInForce() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/ionice")), "ionice is needed to read it back");
    var priority = new IoPriority(IoPriority.SchedulingClass.BEST_EFFORT, 6);
    String said =
        output(
            spawner,
            SpawnRequest.of(Path.of("/usr/bin/ionice"), List.of())
                .withConfinement(confinement().ioPriority(priority).build()));
    assertEquals("best-effort: prio 6\n", said);
  }

  @Test
  void f023TheDescriptorLimitHolds() throws Exception {
    assumeTrue(Files.isExecutable(PYTHON), "python3 is needed to open files");
    String script =
        """
        import os,errno
        opened=0
        try:
            while True:
                os.open('/dev/null',0); opened+=1
        except OSError as e:
            print(opened+3,errno.errorcode[e.errno])
        """;
    String said =
        output(
            spawner,
            SpawnRequest.of(PYTHON, List.of("-I", "-c", script))
                .withConfinement(confinement().limit(Resource.NOFILE, Limit.of(50)).build()));
    assertEquals("50 EMFILE\n", said);
  }

  @Test
  void limitsAreReadBackFromTheKernel() throws Exception {
    String said =
        output(
            spawner,
            SpawnRequest.of(Path.of("/bin/cat"), List.of("/proc/self/limits"))
                .withConfinement(
                    confinement()
                        .limit(Resource.CORE, Limit.of(0))
                        .limit(Resource.NOFILE, new Limit(64, 128))
                        .build()));
    assertTrue(said.matches("(?s).*Max open files +64 +128 .*"), said);
    assertTrue(said.matches("(?s).*Max core file size +0 +0 .*"), said);
  }

  @Test
  void theOutOfMemoryScoreIsInForce() throws Exception {
    assertEquals(
        "500\n",
        output(
            spawner,
            SpawnRequest.of(Path.of("/bin/cat"), List.of("/proc/self/oom_score_adj"))
                .withConfinement(confinement().oomScoreAdjust(500).build())));
  }

  @Test
  void theUserHasItsIdsAndGroupsAndNoCapability() throws Exception {
    asRoot();
    Map<String, String> status = status(confinement().user(NOBODY).build());
    assertEquals("65534\t65534\t65534\t65534", status.get("Uid"));
    assertEquals("65534\t65534\t65534\t65534", status.get("Gid"));
    assertEquals("65533", status.get("Groups").strip());
    assertEquals("0000000000000000", status.get("CapEff"));
    assertEquals("0000000000000000", status.get("CapPrm"));
  }

  @Test
  void aUserMayKeepOneCapability() throws Exception {
    asRoot();
    Map<String, String> status =
        status(
            confinement().user(NOBODY).capabilities(Set.of(Capability.NET_BIND_SERVICE)).build());
    String bit = String.format("%016x", Capability.NET_BIND_SERVICE.bit());
    for (String set : List.of("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")) {
      assertEquals(bit, status.get(set), set);
    }
  }

  @Test
  void f075DroppedCapabilitiesAreGoneForRootToo() throws Exception {
    asRoot();
    Confinement none = confinement().capabilities(Set.of()).build();
    Map<String, String> status = status(none);
    for (String set : List.of("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")) {
      assertEquals("0000000000000000", status.get(set), set);
    }
    assumeTrue(Files.isExecutable(PYTHON), "python3 is needed to open a raw socket");
    String script =
        """
        import socket,errno
        try:
            socket.socket(socket.AF_INET,socket.SOCK_RAW,1); print('opened')
        except OSError as e:
            print(errno.errorcode[e.errno])
        """;
    SpawnRequest raw = SpawnRequest.of(PYTHON, List.of("-I", "-c", script));
    assertEquals("opened\n", output(spawner, raw), "without confinement");
    assertEquals("EPERM\n", output(spawner, raw.withConfinement(none)));
  }

  @Test
  void noNewPrivilegesIsInForce() throws Exception {
    assertEquals("1", status(confinement().noNewPrivileges().build()).get("NoNewPrivs"));
  }

  @Test
  void f071AForbiddenSystemCallKillsWithSigsys() throws Exception {
    var filter = SyscallFilter.deny(List.of("uname"), SyscallFilter.KILL);
    assertEquals(
        new ExitStatus.Signaled(SIGSYS, true).signal(),
        ((ExitStatus.Signaled)
                end(
                    spawner.spawn(
                        SpawnRequest.of(Path.of("/bin/uname"), List.of())
                            .withConfinement(confinement().systemCalls(filter).build()))))
            .signal());
  }

  @Test
  void f072AnAllowedSystemCallWorks() throws Exception {
    var filter = SyscallFilter.deny(List.of("reboot", "kexec_load"), SyscallFilter.KILL);
    Confinement filtered = confinement().systemCalls(filter).build();
    assertEquals("2", status(filtered).get("Seccomp"));
    assertFalse(
        output(spawner, SpawnRequest.of(Path.of("/bin/uname"), List.of()).withConfinement(filtered))
            .isBlank());
  }

  @Test
  void anAllowListLetsThroughNothingElse() throws Exception {
    // Everything but one, as a list of hundreds: the long way through the tree.
    List<String> most =
        linux.systemCalls().names().stream().filter(name -> !name.equals("uname")).toList();
    Confinement filtered =
        confinement()
            .systemCalls(SyscallFilter.allow(most, SyscallFilter.fail(Errno.EDOM.number())))
            .build();
    assertEquals("2", status(filtered).get("Seccomp"));
    assertEquals(
        "1\n", output(spawner, shell("uname 2>/dev/null; echo $?").withConfinement(filtered)));
  }

  @Test
  void aSystemCallMayFailWithAChosenError() throws Exception {
    Confinement filtered =
        confinement()
            .systemCalls(
                SyscallFilter.deny(
                    List.of("mkdir", "mkdirat"), SyscallFilter.fail(Errno.EXDEV.number())))
            .build();
    String said =
        output(
            spawner,
            shell("LC_ALL=C mkdir made 2>&1; true")
                .withWorkingDirectory(dir)
                .withConfinement(filtered));
    assertTrue(said.contains("cross-device"), said);
  }

  @Test
  void anUnknownSystemCallIsRefusedWithTheNearestName() {
    var filter = SyscallFilter.deny(List.of("rebot"), SyscallFilter.KILL);
    var e =
        assertThrows(
            LinuxException.class,
            () ->
                spawner.spawn(
                    shell("true").withConfinement(confinement().systemCalls(filter).build())));
    assertEquals("EINVAL", e.errno());
    assertTrue(e.remedy().contains("reboot"), e.getMessage());
  }

  @Test
  void aRuleAgainstStartingAtAllIsRefused() {
    var filter = SyscallFilter.deny(List.of("execve"), SyscallFilter.KILL);
    var e =
        assertThrows(
            LinuxException.class,
            () ->
                spawner.spawn(
                    shell("true").withConfinement(confinement().systemCalls(filter).build())));
    assertEquals("EINVAL", e.errno());
    assertTrue(e.thing().contains("execve"), e.getMessage());
  }

  @Test
  void f073PathsThatAreNotGivenAreClosed() throws Exception {
    Path open = Files.createDirectory(dir.resolve("open"));
    Path shut = Files.writeString(dir.resolve("shut"), "secret");
    Confinement confined =
        confinement()
            .paths(
                List.of(
                    PathRule.read(Path.of("/usr")),
                    PathRule.read(Path.of("/bin")),
                    PathRule.read(Path.of("/lib")),
                    PathRule.read(Path.of("/lib64")),
                    PathRule.read(Path.of("/etc/ld.so.cache")),
                    PathRule.write(Path.of("/dev/null")),
                    PathRule.write(open)))
            .build();
    String script =
        "echo fine > open/a && cat open/a; LC_ALL=C cat shut; LC_ALL=C ls .; "
            + "LC_ALL=C mkdir new; exit 0";
    String said;
    try {
      said = output(spawner, shell(script).withWorkingDirectory(dir).withConfinement(confined));
    } catch (LinuxException refused) {
      if (refused.is(Errno.ENOSYS) || refused.is(Errno.EOPNOTSUPP)) {
        abort(refused.getMessage());
      }
      throw refused;
    }
    assertTrue(said.startsWith("fine\n"), said);
    assertFalse(said.contains("secret"), said);
    assertEquals(3, said.split("Permission denied", -1).length - 1, said);
    assertFalse(Files.exists(dir.resolve("new")));
    assertTrue(Files.exists(shut));
  }

  @Test
  void aNetworkOfItsOwnHasOnlyALoopbackThatIsUp() throws Exception {
    asRoot();
    String said =
        output(
            spawner,
            shell(
                    "cat /proc/net/dev | tail -n +3 | cut -d: -f1; cat /sys/class/net/lo/operstate"
                        + " 2>/dev/null; cat /proc/net/route | tail -n +2; cat /proc/net/fib_trie")
                .withConfinement(confinement().namespace(Namespace.NETWORK).build()));
    assertTrue(said.contains("lo"), said);
    assertFalse(said.contains("eth"), said);
    assertTrue(said.contains("127.0.0.1"), "the loopback interface is down: " + said);
  }

  @Test
  void mountsAreSeenByTheProgramAlone() throws Exception {
    asRoot();
    Path readOnly = Files.createDirectory(dir.resolve("ro"));
    Path bound = Files.createDirectory(dir.resolve("bound"));
    Path memory = Files.createDirectory(dir.resolve("mem"));
    Path secret = Files.createDirectory(dir.resolve("secret"));
    Path file = Files.writeString(dir.resolve("file"), "hidden");
    Files.writeString(readOnly.resolve("there"), "readable");
    Files.writeString(secret.resolve("key"), "hidden");
    Confinement confined =
        confinement()
            .mount(new MountRule.Bind(readOnly, bound, false))
            .mount(new MountRule.ReadOnly(readOnly))
            .mount(new MountRule.Tmpfs(memory, 1 << 20))
            .mount(new MountRule.Hidden(secret))
            .mount(new MountRule.Hidden(file))
            .build();
    String said =
        output(
            spawner,
            shell(
                    "cat ro/there; echo; echo x > ro/no; echo y > bound/yes; echo z > mem/z; ls"
                        + " secret; cat file; exit 0")
                .withWorkingDirectory(dir)
                .withConfinement(confined));
    assertTrue(said.startsWith("readable\n"), said);
    assertTrue(said.contains("Read-only"), said);
    assertFalse(said.contains("hidden"), said);
    assertFalse(said.contains("key"), said);
    assertTrue(Files.exists(readOnly.resolve("yes")), "bound shows ro, writable");
    assertFalse(Files.exists(memory.resolve("z")), "seen by the program alone");
    assertFalse(Files.readString(Path.of("/proc/self/mountinfo")).contains(dir.toString()));
  }

  @Test
  void theStepThatFailsIsNamedAndNothingStaysBehind() throws Exception {
    long before = children();
    var missing = Path.of("/sys/fs/cgroup/no-such-group/cgroup.procs");
    var e =
        assertThrows(
            LinuxException.class,
            () ->
                spawner.spawn(
                    shell("true").withConfinement(confinement().cgroup(missing).build())));
    assertEquals("ENOENT", e.errno());
    assertEquals("openat", e.call());
    assertTrue(e.thing().contains("no-such-group"), e.getMessage());
    var score =
        assertThrows(
            LinuxException.class,
            () ->
                spawner.spawn(
                    shell("true").withConfinement(confinement().oomScoreAdjust(5000).build())));
    assertEquals("EINVAL", score.errno());
    assertTrue(score.thing().contains("5000"), score.getMessage());
    assertEquals(before, children());
  }

  private static long children() {
    return ProcessHandle.current().children().count();
  }

  /** A named pipe that nobody reads holds up who opens it. */
  private Path nobodyReads() throws Exception {
    Path pipe = dir.resolve("pipe");
    Process mkfifo = new ProcessBuilder("mkfifo", pipe.toString()).inheritIO().start();
    assertEquals(0, mkfifo.waitFor());
    return pipe;
  }

  @Test
  void aStartThatIsHeldUpIsGivenUpAtItsDeadlineAndLeavesNothing() throws Exception {
    SpawnRequest held =
        shell("exit 0")
            .withConfinement(confinement().cgroup(nobodyReads()).build())
            .withDeadline(Duration.ofMillis(300));
    LinuxException late = assertThrows(LinuxException.class, () -> spawner.spawn(held));
    assertTrue(late.is(Errno.ETIMEDOUT), late.getMessage());
    assertTrue(late.getMessage().contains("/bin/sh"), late.getMessage());
    assertEquals(0, late.getSuppressed().length, "nothing is left to be reaped");
  }

  @Test
  void aStartThatEndsWithItsDeadlineIsARunOrIsTold() throws Exception {
    SpawnRequest none =
        shell("exit 9")
            .withConfinement(confinement().umask(022).build())
            .withDeadline(Duration.ofNanos(1));
    for (int round = 0; round < 200; round++) {
      try {
        assertEquals(new ExitStatus.Exited(9), end(spawner.spawn(none)), "killed by its deadline");
      } catch (LinuxException late) {
        assertTrue(late.is(Errno.ETIMEDOUT), late.getMessage());
        assertEquals(0, late.getSuppressed().length, "nothing is left to be reaped");
      }
    }
  }

  @Test
  void theVirtualMachineDoesNotWaitForAStartThatIsHeldUp() throws Exception {
    SpawnRequest held =
        shell("exit 0")
            .withConfinement(confinement().cgroup(nobodyReads()).build())
            .withDeadline(Duration.ofSeconds(20));
    CompletableFuture<ExitStatus> ended = new CompletableFuture<>();
    Thread starter =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    ended.complete(end(spawner.spawn(held)));
                  } catch (Exception | AssertionError fault) {
                    ended.completeExceptionally(fault);
                  }
                });
    // Every thread stops for it.
    System.gc();
    assertEquals(
        new ExitStatus.Exited(3), end(spawner.spawn(shell("exit 3"))), "others are started");
    assertFalse(ended.isDone(), "it still waits");
    try (var reader = Files.newInputStream(held.confinement().cgroups().getFirst())) {
      assertEquals('0', reader.read());
    }
    assertEquals(new ExitStatus.Exited(0), ended.get(60, TimeUnit.SECONDS));
    starter.join();
  }

  @Test
  void theDeadlineOfItsStartDoesNotEndAProgramThatRuns() throws Exception {
    assertEquals(
        new ExitStatus.Exited(7),
        end(
            spawner.spawn(
                shell("sleep 4; exit 7")
                    .withConfinement(confinement().umask(022).build())
                    .withDeadline(Duration.ofSeconds(3)))));
  }

  @Test
  void aMissingProgramIsToldAsWithoutConfinement() throws Exception {
    Confinement some = confinement().umask(077).build();
    var e =
        assertThrows(
            LinuxException.class,
            () ->
                spawner.spawn(
                    SpawnRequest.of(Path.of("/no/such"), List.of()).withConfinement(some)));
    assertEquals("ENOENT", e.errno());
    assertEquals("/no/such", e.thing());
    var filter = SyscallFilter.deny(List.of("write"), SyscallFilter.KILL);
    var filtered =
        assertThrows(
            LinuxException.class,
            () ->
                spawner.spawn(
                    SpawnRequest.of(Path.of("/no/such"), List.of())
                        .withConfinement(confinement().systemCalls(filter).build())));
    assertEquals("ENOENT", filtered.errno());
    var directory =
        assertThrows(
            LinuxException.class,
            () ->
                spawner.spawn(
                    shell("true").withWorkingDirectory(Path.of("/no/dir")).withConfinement(some)));
    assertEquals("chdir", directory.call());
  }

  @Test
  void aProgramThatItsUserMayNotExecuteIsRefused() throws Exception {
    asRoot();
    Path program = Files.writeString(dir.resolve("p"), "#!/bin/sh\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
    var e =
        assertThrows(
            LinuxException.class,
            () ->
                spawner.spawn(
                    SpawnRequest.of(program, List.of())
                        .withConfinement(confinement().user(NOBODY).build())));
    assertEquals("EACCES", e.errno());
    assertTrue(e.remedy().contains("user"), e.getMessage());
  }

  @Test
  void aHugeArgumentIsToldAsWithoutConfinement() {
    var e =
        assertThrows(
            LinuxException.class,
            () ->
                spawner.spawn(
                    SpawnRequest.of(Path.of("/bin/true"), List.of("x".repeat(200_000)))
                        .withConfinement(confinement().umask(0).build())));
    assertEquals("E2BIG", e.errno());
    assertTrue(e.thing().contains("argument 1"), e.getMessage());
  }

  @Test
  void theJvmItselfIsNotConfined() throws Exception {
    String before = Files.readString(Path.of("/proc/self/status"));
    status(confinement().umask(077).noNewPrivileges().nice(3).build());
    String after = Files.readString(Path.of("/proc/self/status"));
    for (String field : List.of("Umask", "NoNewPrivs", "Seccomp", "CapEff", "CapBnd", "Uid")) {
      assertEquals(field(before, field), field(after, field), field);
    }
  }

  private static String field(String status, String name) {
    return status.lines().filter(line -> line.startsWith(name + ":")).findFirst().orElseThrow();
  }

  @Test
  void tooManyRulesAreRefused() {
    List<PathRule> many =
        java.util.Collections.nCopies(4000, PathRule.read(Path.of("/usr/" + "x".repeat(100))));
    var e =
        assertThrows(
            LinuxException.class,
            () -> spawner.spawn(shell("true").withConfinement(confinement().paths(many).build())));
    assertTrue(e.is(Errno.E2BIG) || e.is(Errno.ENOSYS) || e.is(Errno.EOPNOTSUPP), e.getMessage());
  }
}
