package com.paiml.duende.adapter.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.UsageSample;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Every limit is attacked by a program, and read back from the kernel. */
@EnabledOnOs(OS.LINUX)
class LimitsTest {
  @TempDir Path folder;
  private Lab lab;
  private Fingerprint fingerprint;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab(folder);
    fingerprint = lab.adapter.fingerprint(Lab.soon());
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  private void need(Capability... all) {
    for (Capability capability : all) {
      Assumptions.assumeTrue(
          fingerprint.can(Payload.Kind.PROGRAM, capability),
          capability + ": " + fingerprint.missing().get(capability));
    }
  }

  private static Resources resources(
      long memory, double cpu, long pids, long files, boolean lockMemory) {
    return new Resources(
        memory,
        2 * memory,
        cpu,
        1024,
        0,
        0,
        0,
        0,
        pids,
        files,
        lockMemory,
        false,
        Resources.Enforce.STRICT);
  }

  private static UnaryOperator<DaemonConfig.Builder> sandbox(Sandbox sandbox) {
    return c -> c.sandbox(sandbox);
  }

  private static Sandbox filtering(Sandbox.SyscallAction action, String... denied) {
    return new Sandbox(
        false,
        Optional.empty(),
        Optional.of(new Sandbox.Syscalls(true, List.of(), List.of(denied), action)),
        Optional.empty(),
        true,
        Optional.empty());
  }

  private LimitReport report(DaemonHandle handle, String key) throws DaemonException {
    return lab.adapter.status(handle, Lab.soon()).limits().stream()
        .filter(r -> r.key().equals(key))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void givenAMemoryLimit_whenItIsExceeded_thenTheReasonIsMemoryAndAnAlertComes() throws Exception {
    need(Capability.LIMIT_MEMORY);
    Resources tight =
        new Resources(
            32 << 20,
            32 << 20,
            100,
            1024,
            0,
            0,
            0,
            0,
            100,
            1024,
            false,
            false,
            Resources.Enforce.STRICT);
    DaemonHandle handle =
        lab.start(
            lab.program(
                "hungry",
                c -> c.resources(tight),
                "/usr/bin/python3",
                "-c",
                """
                b = bytearray(200 << 20)
                for i in range(0, len(b), 4096): b[i] = 1
                """));
    ExitReason.ResourceExhausted reason =
        assertInstanceOf(ExitReason.ResourceExhausted.class, lab.exit(handle));
    assertEquals("memory", reason.resource());
    lab.heard.awaitEvent("alert memory");
  }

  @Test
  void givenLimits_whenTheProgramRuns_thenTheyAreReadBackFromTheKernel() throws Exception {
    need(Capability.LIMIT_MEMORY, Capability.LIMIT_PIDS, Capability.LIMIT_CPU_QUOTA);
    DaemonHandle handle =
        lab.start(
            lab.program(
                "limited",
                c -> c.resources(resources(64 << 20, 50, 20, 300, false)),
                "sleep",
                "1000"));
    assertEquals(Integer.toString(64 << 20), report(handle, "resources.memory").actual());
    assertEquals("20", report(handle, "resources.pids").actual());
    assertTrue(report(handle, "resources.cpu_quota").actual().contains("50000"));
    assertEquals("300", report(handle, "resources.open_files").actual());
    for (LimitReport report : lab.adapter.status(handle, Lab.soon()).limits()) {
      assertTrue(report.inForce(), report.toString());
      assertTrue(!report.mechanism().isEmpty(), report.toString());
    }

    List<LimitReport> changed =
        lab.adapter.updateLimits(handle, resources(128 << 20, 20, 30, 200, false), Lab.soon());
    assertTrue(changed.stream().allMatch(LimitReport::inForce), changed.toString());
    List<LimitReport> raised =
        lab.adapter.updateLimits(handle, resources(128 << 20, 20, 30, 250, false), Lab.soon());
    LimitReport files =
        raised.stream().filter(r -> r.key().equals("resources.open_files")).findFirst().get();
    assertEquals(files.actual().equals("250"), files.inForce(), files.toString());
    assertEquals(Integer.toString(128 << 20), report(handle, "resources.memory").actual());
    assertEquals("30", report(handle, "resources.pids").actual());
  }

  @Test
  void givenAProcessLimit_whenTheProgramForksPastIt_thenForkFails() throws Exception {
    need(Capability.LIMIT_PIDS);
    DaemonHandle handle =
        lab.start(
            lab.program(
                "forker",
                c -> c.resources(resources(64 << 20, 100, 10, 300, false)),
                "/usr/bin/python3",
                "-c",
                """
                import os, sys, time
                n = 0
                try:
                    for i in range(50):
                        if os.fork() == 0: time.sleep(1000)
                        n += 1
                except BlockingIOError: print("EAGAIN after", n)
                """));
    assertEquals(new ExitReason.Graceful(), lab.exit(handle));
    assertEquals(List.of("EAGAIN after 9"), lab.log(handle));
  }

  @Test
  void givenADescriptorLimit_whenTheProgramOpensPastIt_thenOpenFails() throws Exception {
    need(Capability.LIMIT_OPEN_FILES);
    DaemonHandle handle =
        lab.start(
            lab.program(
                "opener",
                c -> c.resources(resources(64 << 20, 100, 10, 20, false)),
                "/usr/bin/python3",
                "-c",
                """
                f = []
                try:
                    while True: f.append(open("/dev/null"))
                except OSError as e: print(e.errno, f[-1].fileno())
                """));
    lab.exit(handle);
    assertEquals(List.of("24 19"), lab.log(handle));
  }

  @Test
  void givenACpuQuota_whenTheProgramSpins_thenItGetsNoMore() throws Exception {
    need(Capability.LIMIT_CPU_QUOTA);
    DaemonHandle handle =
        lab.start(
            lab.shell(
                "spinner",
                c -> c.resources(resources(64 << 20, 20, 10, 100, false)),
                "while :; do :; done"));
    UsageSample before = lab.adapter.usage(handle, Lab.soon());
    long begin = System.nanoTime();
    Thread.sleep(3000);
    UsageSample after = lab.adapter.usage(handle, Lab.soon());
    double share = (double) (after.cpuNanos() - before.cpuNanos()) / (System.nanoTime() - begin);
    // One period's quota more or less than the time between two looks has.
    assertTrue(share <= 0.2 * 1.1 + 0.02, "share " + share);
  }

  @Test
  void givenASandbox_whenTheProgramRuns_thenItIsInForceFromTheFirstInstruction() throws Exception {
    need(Capability.UMASK, Capability.NO_NEW_PRIVS, Capability.CAPABILITIES);
    DaemonHandle handle =
        lab.start(
            lab.shell(
                "boxed",
                sandbox(
                    new Sandbox(
                        true,
                        Optional.of(List.of("CAP_NET_BIND_SERVICE")),
                        Optional.empty(),
                        Optional.empty(),
                        true,
                        Optional.of(0027))),
                "umask; grep -E 'NoNewPrivs|CapBnd' /proc/self/status; exec sleep 1000"));
    Lab.await("three lines", () -> lab.log(handle).size() == 3);
    List<String> lines = lab.log(handle).stream().sorted().toList();
    assertEquals(List.of("0027", "CapBnd:\t0000000000000400", "NoNewPrivs:\t1"), lines);
    assertTrue(report(handle, "sandbox.umask").inForce());
    assertTrue(report(handle, "sandbox.no_new_privs").inForce());
    assertEquals("0000000000000400", report(handle, "sandbox.capabilities").actual());
  }

  @Test
  void givenDeniedSystemCalls_whenTheProgramMakesOne_thenItFailsOrDiesAsAsked() throws Exception {
    need(Capability.SYSCALL_FILTER);
    DaemonHandle refused =
        lab.start(
            lab.shell(
                "refused",
                sandbox(filtering(Sandbox.SyscallAction.ERRNO, "mkdir", "mkdirat")),
                "mkdir x; echo $?"));
    lab.exit(refused);
    assertEquals("1", lab.log(refused).getLast());
    DaemonHandle killed =
        lab.start(
            lab.program(
                "killed",
                sandbox(filtering(Sandbox.SyscallAction.KILL, "mkdir", "mkdirat")),
                "/bin/mkdir",
                "x"));
    assertInstanceOf(ExitReason.PolicyViolation.class, lab.exit(killed));
  }

  @Test
  void givenPaths_whenTheProgramReachesOutside_thenItIsRefusedAndInsideIsOpen() throws Exception {
    need(Capability.PATHS);
    Path secret = Files.writeString(folder.resolve("secret"), "secret\n");
    Path open = Files.createDirectories(folder.resolve("open"));
    Files.writeString(open.resolve("file"), "open\n");
    DaemonHandle handle =
        lab.start(
            lab.shell(
                "paths",
                sandbox(
                    new Sandbox(
                        false,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(
                            new Sandbox.Paths(List.of("/usr", "/bin", open.toString()), List.of())),
                        true,
                        Optional.empty())),
                "cat " + open + "/file; cat " + secret + "; echo mine > own; cat own"));
    lab.exit(handle);
    List<String> log = lab.log(handle);
    assertEquals("open", log.getFirst());
    assertEquals("mine", log.getLast());
    assertTrue(log.toString().contains("Permission denied"), log.toString());
  }

  @Test
  void givenNoNetwork_whenTheProgramLooks_thenThereIsLoopbackOnly() throws Exception {
    need(Capability.NETWORK_OFF);
    DaemonHandle handle =
        lab.start(
            lab.program(
                "offline",
                sandbox(
                    new Sandbox(
                        false,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        false,
                        Optional.empty())),
                "/usr/bin/python3",
                "-c",
                "import socket; print([n for _, n in socket.if_nameindex()])"));
    lab.exit(handle);
    assertTrue(lab.log(handle).getLast().contains("lo"), lab.log(handle).toString());
    assertTrue(!lab.log(handle).getLast().contains("eth"), lab.log(handle).toString());
  }

  @Test
  void givenAUser_whenTheProgramRuns_thenItIsThatUserAndItsDirectoryIsItsOwn() throws Exception {
    need(Capability.USER);
    // The test's folder is closed to others; a data directory is not.
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
    DaemonHandle handle =
        lab.start(
            lab.shell(
                "nobody",
                c -> c.user("nobody"),
                "id -un; id -gn; echo x > /proc/self/cwd/mine && echo wrote"));
    lab.exit(handle);
    assertEquals(List.of("nobody", "nogroup", "wrote"), lab.log(handle));
    DaemonException unknown =
        assertThrows(
            DaemonException.class,
            () -> lab.start(lab.shell("nobody2", c -> c.user("no-such-user"), "id")));
    assertEquals(ErrorCode.NOT_FOUND, unknown.code());
  }

  @Test
  void givenALimitThatCannotHold_whenItIsWritten_thenTheStartIsRefusedUnlessBestEffort()
      throws Exception {
    need(Capability.LIMIT_OPEN_FILES);
    UnaryOperator<DaemonConfig.Builder> strict =
        c ->
            c.resources(resources(64 << 20, 100, 10, 100_000_000, false))
                .written(Set.of("resources.open_files"));
    DaemonException refused =
        assertThrows(
            DaemonException.class, () -> lab.start(lab.program("greedy", strict, "sleep", "1000")));
    assertEquals(ErrorCode.RESOURCE_LIMIT, refused.code());
    assertTrue(refused.getMessage().contains("resources.open_files"), refused.getMessage());
    DaemonHandle handle =
        lab.start(lab.program("greedy", c -> strict.apply(c).written(Set.of()), "sleep", "1000"));
    assertTrue(!report(handle, "resources.open_files").inForce());
  }

  @Test
  void givenAnUnknownCapability_whenItIsStarted_thenItIsNamed() throws Exception {
    need(Capability.CAPABILITIES);
    DaemonException unknown =
        assertThrows(
            DaemonException.class,
            () ->
                lab.start(
                    lab.shell(
                        "cap",
                        sandbox(
                            new Sandbox(
                                false,
                                Optional.of(List.of("CAP_FLY")),
                                Optional.empty(),
                                Optional.empty(),
                                true,
                                Optional.empty())),
                        "true")));
    assertTrue(unknown.getMessage().contains("CAP_FLY"), unknown.getMessage());
  }

  @Test
  void givenNamesThatTheKernelDoesNotHave_whenTheFileIsChecked_thenEachIsNamed() {
    need(Capability.SYSCALL_FILTER);
    Sandbox wrong =
        new Sandbox(
            false,
            Optional.of(List.of("CAP_NET_RAW", "CAP_NET_BINDSERVICE")),
            Optional.of(
                new Sandbox.Syscalls(
                    true, List.of("read"), List.of("rebot"), Sandbox.SyscallAction.KILL)),
            Optional.empty(),
            true,
            Optional.empty());
    List<String> faults = lab.adapter.check(DaemonConfig.builder("wrong").sandbox(wrong).build());
    assertEquals(2, faults.size(), faults::toString);
    assertTrue(faults.get(0).contains("\"CAP_NET_BINDSERVICE\""), faults::toString);
    assertTrue(faults.get(1).contains("\"rebot\""), faults::toString);
    assertEquals(List.of(), lab.adapter.check(DaemonConfig.builder("fine").build()));
  }

  @Test
  void a_limit_below_what_is_in_use_is_refused_and_all_stays_as_it_was() throws Exception {
    need(Capability.LIMIT_MEMORY, Capability.LIMIT_PIDS);
    DaemonHandle handle =
        lab.start(
            lab.program(
                "holder",
                c ->
                    c.resources(resources(64 << 20, 50, 20, 300, false))
                        .written(Set.of("resources.memory", "resources.pids")),
                "/usr/bin/python3",
                "-c",
                """
                import time
                b = bytearray(24 << 20)
                for i in range(0, len(b), 4096): b[i] = 1
                print("held", flush=True)
                time.sleep(1000)
                """));
    lab.awaitLine(handle, "held");
    String file = report(handle, "resources.memory").mechanism();
    Assumptions.assumeTrue(
        file.endsWith("memory.limit_in_bytes"), "version 2 takes it, and kills: " + file);
    DaemonException refused =
        assertThrows(
            DaemonException.class,
            () ->
                lab.adapter.updateLimits(
                    handle, resources(4 << 20, 20, 7, 300, false), Lab.soon()));
    assertEquals(ErrorCode.RESOURCE_LIMIT, refused.code());
    assertTrue(refused.getMessage().contains("memory.limit_in_bytes"), refused::getMessage);
    assertEquals(Integer.toString(64 << 20), report(handle, "resources.memory").actual());
    assertEquals("20", report(handle, "resources.pids").actual());
    assertTrue(report(handle, "resources.cpu_quota").actual().contains("50000"));
    assertTrue(Lab.isAlive(handle.pid().orElseThrow()));
  }

  private static UnaryOperator<DaemonConfig.Builder> disk(long bytes) {
    Resources d = Resources.DEFAULT;
    return c ->
        c.resources(
                new Resources(
                    d.memory(),
                    d.memorySwap(),
                    d.cpuQuota(),
                    d.cpuShares(),
                    0,
                    0,
                    0,
                    bytes,
                    d.pids(),
                    d.openFiles(),
                    false,
                    false,
                    Resources.Enforce.STRICT))
            .written(Set.of("resources.disk"));
  }

  private LimitReport diskOf(DaemonHandle handle) throws DaemonException {
    return lab.adapter.status(handle, Lab.soon()).limits().stream()
        .filter(r -> r.key().equals("resources.disk"))
        .findFirst()
        .orElseThrow();
  }

  private void needDisk() {
    need(Capability.LIMIT_DISK);
    List<String> refused =
        lab.adapter.check(disk(4 << 20).apply(DaemonConfig.builder("trial")).build());
    Assumptions.assumeTrue(refused.isEmpty(), () -> String.join("; ", refused));
  }

  @Test
  void a_program_fills_its_own_space_and_nobody_elses() throws Exception {
    needDisk();
    var spec =
        lab.shell(
            "filler",
            disk(4 << 20),
            "dd if=/dev/zero of=all bs=64k 2>&1 | grep -o 'No space left'; exec sleep 1000");
    DaemonHandle handle = lab.start(spec);
    lab.awaitLine(handle, "No space left");
    long written = Files.size(spec.stateDirectory().resolve("all"));
    assertTrue(written > 2 << 20 && written <= 4 << 20, "written: " + written);
    LimitReport report = diskOf(handle);
    assertTrue(report.inForce(), report::toString);
    assertEquals(Long.toString(4 << 20), report.actual());
    Files.write(folder.resolve("state").resolve("another"), new byte[1 << 20]);
  }

  @Test
  void what_is_written_outlives_the_run_and_the_limit_may_grow() throws Exception {
    needDisk();
    var first = lab.shell("keeper", disk(4 << 20), "echo kept > file; exec sleep 1000");
    DaemonHandle one = lab.start(first);
    Path file = first.stateDirectory().resolve("file");
    Lab.await("the file", () -> Files.exists(file) && Files.size(file) > 0);
    lab.adapter.stop(one, com.paiml.duende.api.Signal.KILL, java.time.Duration.ofSeconds(10));
    assertEquals("kept\n", Files.readString(file), "to be looked at after the end");
    var second = lab.shell("keeper", disk(8 << 20), "cat file; exec sleep 1000");
    DaemonHandle two = lab.start(second);
    lab.awaitLine(two, "kept");
    lab.adapter.destroy(one, Lab.soon());
    assertEquals(Long.toString(8 << 20), diskOf(two).actual());
    lab.adapter.stop(two, com.paiml.duende.api.Signal.KILL, java.time.Duration.ofSeconds(10));
    lab.adapter.destroy(two, Lab.soon());
    assertTrue(Files.notExists(file), "it is in the image, and that is not mounted");
    assertTrue(Files.exists(second.stateDirectory().resolve(".duende-disk")));
    assertTrue(
        Files.readString(Path.of("/proc/self/mountinfo"))
            .lines()
            .noneMatch(l -> l.contains(folder.toString())));
  }

  @Test
  void a_limit_below_what_is_in_use_is_refused_with_the_tools_own_words() throws Exception {
    needDisk();
    var first =
        lab.shell(
            "big",
            disk(8 << 20),
            "dd if=/dev/zero of=file bs=1M count=5 2>/dev/null; exec sleep 1000");
    DaemonHandle one = lab.start(first);
    Path file = first.stateDirectory().resolve("file");
    Lab.await("the file", () -> Files.exists(file) && Files.size(file) == 5 << 20);
    lab.adapter.stop(one, com.paiml.duende.api.Signal.KILL, java.time.Duration.ofSeconds(10));
    lab.adapter.destroy(one, Lab.soon());
    DaemonException refused =
        assertThrows(
            DaemonException.class,
            () -> lab.start(lab.shell("big", disk(2 << 20), "exec sleep 1000")));
    assertEquals(ErrorCode.RESOURCE_LIMIT, refused.code());
    assertTrue(refused.getMessage().contains("resize2fs"), refused::getMessage);
    DaemonHandle again = lab.start(lab.shell("big", disk(8 << 20), "ls -l file; exec sleep 1000"));
    Lab.await(
        "its file is whole",
        () -> lab.log(again).stream().anyMatch(l -> l.contains(" " + (5 << 20) + " ")));
  }

  @Test
  void a_directory_that_has_files_already_is_not_covered_up() throws Exception {
    needDisk();
    var spec = lab.shell("old", disk(4 << 20), "exec sleep 1000");
    Files.writeString(spec.stateDirectory().resolve("precious"), "x");
    DaemonException refused = assertThrows(DaemonException.class, () -> lab.start(spec));
    assertTrue(refused.getMessage().contains("has files already"), refused::getMessage);
    assertTrue(Files.exists(spec.stateDirectory().resolve("precious")));
  }

  @Test
  void a_new_run_takes_over_the_group_of_the_ended_one() throws Exception {
    need(Capability.LIMIT_PIDS);
    DaemonHandle one = lab.start(lab.shell("again", "exec sleep 1000"));
    Object before = inode(one);
    lab.adapter.stop(one, com.paiml.duende.api.Signal.KILL, java.time.Duration.ofSeconds(10));
    DaemonHandle two = lab.start(lab.shell("again", "exec sleep 1000"));
    assertEquals(before, inode(two), "the very same group");
    lab.adapter.destroy(one, Lab.soon());
    assertEquals(before, inode(two), "and clearing up after the first leaves it alone");
    lab.adapter.stop(two, com.paiml.duende.api.Signal.KILL, java.time.Duration.ofSeconds(10));
    Path group = group(two);
    lab.adapter.destroy(two, Lab.soon());
    assertTrue(Files.notExists(group), "and the last takes it along");
  }

  private final java.util.Map<DaemonHandle, Path> seenGroups = new java.util.HashMap<>();

  private Path group(DaemonHandle handle) {
    return seenGroups.get(handle);
  }

  private Object inode(DaemonHandle handle) throws Exception {
    Path group =
        Path.of(lab.adapter.status(handle, Lab.soon()).details().get("cgroup").split(" ")[0]);
    seenGroups.put(handle, group);
    return Files.getAttribute(group, "unix:ino");
  }
}
