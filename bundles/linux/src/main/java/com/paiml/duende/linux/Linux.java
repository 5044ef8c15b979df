package com.paiml.duende.linux;

import com.paiml.duende.linux.bpf.BpfObjects;
import com.paiml.duende.linux.cgroup.Cgroups;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.NextWrites;
import com.paiml.duende.linux.event.NotifySocket;
import com.paiml.duende.linux.event.Timer;
import com.paiml.duende.linux.event.UnixListener;
import com.paiml.duende.linux.event.VsockConnection;
import com.paiml.duende.linux.event.Wakeup;
import com.paiml.duende.linux.file.FileRanges;
import com.paiml.duende.linux.internal.Facilities;
import com.paiml.duende.linux.kernel.Architecture;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Feature;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.kernel.Pipe;
import com.paiml.duende.linux.kernel.SystemCallTable;
import com.paiml.duende.linux.kernel.SystemCalls;
import com.paiml.duende.linux.limits.MemoryLocking;
import com.paiml.duende.linux.limits.ProcessLimits;
import com.paiml.duende.linux.proc.ProcFileSystem;
import com.paiml.duende.linux.process.Processes;
import com.paiml.duende.linux.process.Spawner;
import java.nio.file.Path;
import java.util.List;

/**
 * What this bundle offers, on a machine where it can. Holds no state of its own: whoever needs
 * something asks for one and closes it. Safe for several threads.
 */
public final class Linux {

  /** Whether the bundle can serve here. */
  public sealed interface Detection {}

  /**
   * It can.
   *
   * @param linux the way in
   */
  public record Here(Linux linux) implements Detection {}

  /**
   * It cannot.
   *
   * @param reason why, in words that a person can act on
   */
  public record NotHere(String reason) implements Detection {}

  private final Facilities facilities;

  private Linux(Facilities facilities) {
    this.facilities = facilities;
  }

  /**
   * Looks where it runs, and on Linux binds the C library. Anywhere else nothing is loaded. Every
   * call looks anew; keep the answer.
   */
  public static Detection detect() {
    return detect(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
  }

  static Detection detect(String osName, String osArch) {
    if (!osName.equals("Linux")) {
      return new NotHere("this is " + osName + ", not Linux");
    }
    return Architecture.of(osArch)
        .map(Linux::bind)
        .orElseGet(
            () ->
                new NotHere(
                    "the processor is " + osArch + "; only x86-64 and aarch64 are known here"));
  }

  private static Detection bind(Architecture architecture) {
    try {
      return new Here(new Linux(Facilities.load(architecture)));
    } catch (LinuxException refused) {
      return new NotHere(refused.getMessage());
    } catch (LinkageError unbound) {
      return new NotHere(
          "the C library cannot be called ("
              + unbound.getMessage()
              + "): JNA needs a temporary folder that is not noexec, set -Djna.tmpdir");
    }
  }

  /** The processor. */
  public Architecture architecture() {
    return facilities.architecture();
  }

  /** The control groups, as they are mounted now. */
  public Cgroups cgroups() throws LinuxException {
    return facilities.cgroups();
  }

  /** {@code /proc}. */
  public ProcFileSystem proc() {
    return facilities.proc();
  }

  /** Limits of running processes. */
  public ProcessLimits processLimits() {
    return facilities.processLimits();
  }

  /** Keeping this process out of swap. */
  public MemoryLocking memoryLocking() {
    return facilities.memoryLocking();
  }

  /** What not every kernel has, tried out; for a doctor to print. */
  public List<Feature> features() throws LinuxException {
    return facilities.features();
  }

  /** Any system call. */
  public SystemCalls rawCalls() {
    return facilities.rawCalls();
  }

  /** Programs and maps inside the kernel. */
  public BpfObjects bpf() {
    return facilities.bpf();
  }

  /** Names and numbers of this architecture's system calls; read anew by every call. */
  public SystemCallTable systemCalls() {
    return facilities.systemCalls();
  }

  /** Names and numbers of another architecture's system calls; read anew by every call. */
  public SystemCallTable systemCalls(Architecture of) {
    return facilities.systemCalls(of);
  }

  /** A spawner. */
  public Spawner spawner() throws LinuxException {
    return facilities.spawner();
  }

  /** Processes by pid and identity. */
  public Processes processes() {
    return facilities.processes();
  }

  /**
   * A running event loop.
   *
   * @param name of its thread
   * @param faults who hears of handlers that threw
   */
  public EventLoop eventLoop(String name, EventLoop.FaultListener faults) throws LinuxException {
    return facilities.eventLoop(name, faults);
  }

  /**
   * A socket for sd_notify messages. A socket file that a dead process left there is replaced.
   *
   * @param path at most 107 bytes
   * @param mode permissions of the file, for example 0600 in octal; who may write to it may send
   * @throws LinuxException {@code EADDRINUSE} when somebody else listens there
   */
  public NotifySocket notifySocket(Path path, int mode) throws LinuxException {
    return facilities.notifySocket(path, mode);
  }

  /**
   * A unix stream socket that knows who connects. A socket file that a dead process left there is
   * replaced.
   *
   * @param path at most 107 bytes
   * @param mode permissions of the file, for example 0600 in octal; who may write to it may connect
   * @throws LinuxException {@code EADDRINUSE} when somebody else listens there
   */
  public UnixListener unixListener(Path path, int mode) throws LinuxException {
    return facilities.unixListener(path, mode);
  }

  /**
   * Holds the file of a unix socket, open(2) with O_PATH and O_NOFOLLOW. Who connects to {@code /proc/self/fd/NUMBER} reaches that
   * socket, also where the folder belongs to somebody who puts a link in its place meanwhile.
   *
   * @throws LinuxException {@code ENOTSOCK} when something else is there, a symbolic link to a socket among it
   */
  public Descriptor holdSocket(Path path) throws LinuxException {
    return facilities.holdSocket(path);
  }

  /**
   * Begins to connect to a port of a virtual machine, vsock(7). Nothing waits: the descriptor becomes
   * writable when the connection is there or has failed, after two seconds at the latest.
   *
   * @param cid of the machine; 1 is this host itself, where {@code vsock_loopback} is loaded
   * @throws LinuxException {@code EAFNOSUPPORT} where the kernel has no vsock, {@code ENODEV} where
   *     nothing serves that machine
   */
  public VsockConnection vsock(long cid, int port) throws LinuxException {
    return facilities.vsock(cid, port);
  }

  /** A timer on the monotonic clock, not armed. */
  public Timer timer() throws LinuxException {
    return facilities.timer();
  }

  /** A counter that wakes a loop. */
  public Wakeup wakeup() throws LinuxException {
    return facilities.wakeup();
  }

  /**
   * Notices of the next write to files that rest.
   *
   * @param loop on which they are told
   * @throws LinuxException {@code EMFILE} when this user has no more inotify instances
   */
  public NextWrites nextWrites(EventLoop loop) throws LinuxException {
    return facilities.nextWrites(loop);
  }

  /** Cutting pieces out of files that others write. */
  public FileRanges fileRanges() {
    return facilities.fileRanges();
  }

  /** A pipe. */
  public Pipe pipe() throws LinuxException {
    return facilities.pipe();
  }
}
