package com.paiml.duende.mlock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.limits.Limit;
import com.paiml.duende.linux.limits.MemoryLocking;
import com.paiml.duende.mlock.command.Lock;
import com.paiml.duende.mlock.command.Status;
import com.paiml.duende.mlock.command.Unlock;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Diagnostic;
import com.paiml.duende.spi.MemoryLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class JvmMemoryLockTest {
  private static final MemoryLock.Config ON_FAULT = new MemoryLock.Config(true, true, true, true);
  private final JvmMemoryLock lock = new JvmMemoryLock();

  @AfterEach
  void unlock() throws Exception {
    if (lock.isLocked()) {
      lock.unlock();
    }
  }

  /** VmLck as the test itself reads it. */
  private static long kernelSays() throws Exception {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(l -> l.startsWith("VmLck:"))
        .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")) * 1024)
        .findFirst()
        .orElseThrow();
  }

  private void needTheRight() throws Exception {
    Assumptions.assumeTrue(
        lock.standing().mayLockWhatIsMapped(),
        "this process may not lock its memory: no CAP_IPC_LOCK, RLIMIT_MEMLOCK "
            + lock.standing().limit());
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void what_is_locked_is_what_the_kernel_counts_and_unlocking_ends_it() throws Exception {
    needTheRight();
    assertEquals(0, lock.lockedBytes());
    MemoryLock.Status.Locked locked =
        assertInstanceOf(MemoryLock.Status.Locked.class, lock.lock(ON_FAULT));
    assertTrue(locked.bytes() > 0);
    assertTrue(kernelSays() > 0);
    assertTrue(lock.isLocked());
    lock.unlock();
    assertEquals(0, kernelSays());
    assertFalse(lock.isLocked());
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void the_commands_lock_show_and_unlock() throws Exception {
    needTheRight();
    assertTrue(new Lock(lock).lock(true, false, false).contains("locked    yes"));
    assertTrue(new Status(lock).status().contains("VmRSS"));
    assertTrue(new Unlock(lock).unlock().contains("locked    no"));
    assertEquals(
        "usage",
        assertThrows(DaemonException.class, () -> new Lock(lock).lock(false, true, true))
            .code()
            .value());
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void under_a_low_limit_everything_is_refused_with_the_remedy() throws Exception {
    String said = probe("cfr");
    assertTrue(said.contains("refused resource-limit"), said);
    assertTrue(said.contains("ENOMEM") && said.contains("CAP_IPC_LOCK"), said);
    assertTrue(said.contains("locked false"), said);
    assertTrue(probe("cf").contains("Failed[errno=12"), "not required: told, not thrown");
  }

  /** The kernel accepts it, and no thread could be started afterwards. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void future_pages_alone_under_a_low_limit_are_refused_and_threads_still_start() throws Exception {
    String said = probe("fr");
    assertTrue(said.contains("future pages only"), said);
    assertTrue(said.contains("no thread could be started"), said);
    assertTrue(said.contains("a thread starts"), said);
    assertTrue(said.contains("locked false"), said);
  }

  /** A JVM without CAP_IPC_LOCK and with a limit of 64 KiB. */
  private static String probe(String how) throws Exception {
    for (String tool : List.of("/usr/bin/prlimit", "/usr/bin/setpriv")) {
      Assumptions.assumeTrue(Files.isExecutable(Path.of(tool)), tool + " is missing (util-linux)");
    }
    List<String> command = new ArrayList<>(List.of("/usr/bin/prlimit", "--memlock=65536:65536"));
    if (new JvmMemoryLock().standing().privileged()) {
      command.addAll(List.of("/usr/bin/setpriv", "--bounding-set=-ipc_lock"));
    }
    command.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-Xmx32m",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            LockProbe.class.getName(),
            how));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(process.waitFor(1, TimeUnit.MINUTES), said);
      return said;
    } finally {
      process.destroyForcibly();
    }
  }

  /** A kernel that answers as ours cannot be brought to. */
  private static JvmMemoryLock answering(Errno errno, boolean privileged) {
    return JvmMemoryLock.of(
        new ProcessMemory() {
          @Override
          public void lock(Set<MemoryLocking.Scope> scopes) throws LinuxException {
            throw new LinuxException(errno, "mlockall", scopes.toString(), "Try again.");
          }

          @Override
          public void unlock() throws LinuxException {
            throw new LinuxException(errno, "munlockall", "this process", "Try again.");
          }

          @Override
          public Standing standing() throws LinuxException {
            if (errno == Errno.EIO) {
              throw new LinuxException(errno, "read", "/proc/self/status", "Mount /proc.");
            }
            return new Standing(0, 1, 0, 1 << 20, Limit.of(1 << 16), privileged);
          }
        });
  }

  @Test
  void each_refusal_of_the_kernel_has_its_code_and_is_told_or_thrown_as_asked() throws Exception {
    assertEquals(
        ErrorCode.PERMISSION_DENIED,
        assertThrows(DaemonException.class, () -> answering(Errno.EPERM, false).lockAll()).code());
    assertEquals(
        ErrorCode.RESOURCE_LIMIT,
        assertThrows(DaemonException.class, () -> answering(Errno.EAGAIN, true).lockAll()).code());
    MemoryLock.Status.Failed failed =
        assertInstanceOf(
            MemoryLock.Status.Failed.class,
            answering(Errno.EAGAIN, true).lock(new MemoryLock.Config(true, true, false, false)));
    assertEquals(Errno.EAGAIN.number(), failed.errno());
    assertThrows(DaemonException.class, () -> answering(Errno.ENOMEM, true).unlock());
    assertEquals(0, answering(Errno.EIO, true).lockedBytes());
  }

  @Test
  void elsewhere_than_on_linux_it_says_so() throws Exception {
    JvmMemoryLock absent = JvmMemoryLock.absent("this is Mac OS X, not Linux");
    assertEquals(
        new MemoryLock.Status.Unsupported("this is Mac OS X, not Linux"),
        absent.lock(new MemoryLock.Config(true, true, false, false)));
    assertEquals(
        ErrorCode.NOT_SUPPORTED, assertThrows(DaemonException.class, absent::lockAll).code());
    assertThrows(DaemonException.class, absent::unlock);
    assertFalse(absent.isLocked());
    assertEquals(
        Diagnostic.Verdict.ABSENT,
        new LockDiagnostic(absent)
            .examine(Deadline.after(Duration.ofSeconds(1)))
            .getFirst()
            .verdict());
  }

  @Test
  void the_doctor_tells_whether_it_could_be_locked() {
    Diagnostic.Finding low =
        new LockDiagnostic(answering(Errno.ENOMEM, false))
            .examine(Deadline.after(Duration.ofSeconds(1)))
            .getFirst();
    assertEquals(Diagnostic.Verdict.DEGRADED, low.verdict());
    assertTrue(low.remedy().contains("CAP_IPC_LOCK"));
    assertEquals(
        Diagnostic.Verdict.OK,
        new LockDiagnostic(answering(Errno.ENOMEM, true))
            .examine(Deadline.after(Duration.ofSeconds(1)))
            .getFirst()
            .verdict());
  }
}
