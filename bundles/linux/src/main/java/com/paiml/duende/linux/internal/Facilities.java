package com.paiml.duende.linux.internal;

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
import com.paiml.duende.linux.kernel.Architecture;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
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
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/** Makes what {@link com.paiml.duende.linux.Linux} hands out. */
public final class Facilities {
  private static final int F_SETFL = 4;

  private final Kernel kernel;

  private Facilities(Kernel kernel) {
    this.kernel = kernel;
  }

  /**
   * Binds the C library and tries the newest call that nothing works without.
   *
   * @throws LinkageError when JNA or the C library cannot be bound
   * @throws LinuxException {@code ENOSYS} when the kernel is too old
   */
  public static Facilities load(Architecture architecture) throws LinuxException {
    Kernel kernel = Kernel.load(architecture);
    long self = kernel.raw(Call.PIDFD_OPEN, ProcessHandle.current().pid(), 0);
    if (Kernel.isErrno(self, Errno.ENOSYS) || Kernel.isErrno(self, Errno.EPERM)) {
      throw new LinuxException(
          (int) -self,
          Call.PIDFD_OPEN.manualName(),
          "this process",
          "Linux 5.4 or later is needed, and a sandbox that lets pidfd_open through.");
    }
    new Fd(kernel, (int) Kernel.check(self, Call.PIDFD_OPEN, "this process")).close();
    return new Facilities(kernel);
  }

  public Architecture architecture() {
    return kernel.architecture();
  }

  public Cgroups cgroups() throws LinuxException {
    return KernelCgroups.detect(kernel);
  }

  public ProcFileSystem proc() {
    return new ProcFiles(kernel);
  }

  public ProcessLimits processLimits() {
    return new KernelProcessLimits(kernel);
  }

  public MemoryLocking memoryLocking() {
    return new KernelMemoryLocking(kernel);
  }

  public List<Feature> features() throws LinuxException {
    return Features.of(kernel);
  }

  public SystemCalls rawCalls() {
    return new SystemCalls() {
      @Override
      public long call(int number, long a, long b, long c, long d, long e, long f) {
        return kernel.raw(number, a, b, c, d, e, f);
      }

      @Override
      public Descriptor adopt(int descriptor) {
        return new Fd(kernel, descriptor);
      }
    };
  }

  public BpfObjects bpf() {
    return new KernelBpf(kernel);
  }

  public SystemCallTable systemCalls() {
    return SystemCallTables.load(kernel.architecture());
  }

  public SystemCallTable systemCalls(Architecture of) {
    return SystemCallTables.load(of);
  }

  public Spawner spawner() throws LinuxException {
    return VforkSpawner.create(kernel);
  }

  public Processes processes() {
    return new KernelProcesses(kernel);
  }

  public EventLoop eventLoop(String name, EventLoop.FaultListener faults) throws LinuxException {
    return EpollLoop.start(kernel, name, faults);
  }

  public NotifySocket notifySocket(Path path, int mode) throws LinuxException {
    return UnixNotifySocket.bind(kernel, path, mode);
  }

  public UnixListener unixListener(Path path, int mode) throws LinuxException {
    return UnixStreamListener.bind(kernel, path, mode);
  }

  public Descriptor holdSocket(Path path) throws LinuxException {
    return UnixSockets.hold(kernel, path);
  }

  public VsockConnection vsock(long cid, int port) throws LinuxException {
    return KernelVsock.connect(kernel, cid, port);
  }

  public Timer timer() throws LinuxException {
    return TimerFd.create(kernel);
  }

  public Wakeup wakeup() throws LinuxException {
    return EventCounter.create(kernel);
  }

  public NextWrites nextWrites(EventLoop loop) throws LinuxException {
    return InotifyWrites.create(kernel, loop);
  }

  public FileRanges fileRanges() {
    return new KernelFileRanges(kernel);
  }

  public Pipe pipe() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ends = arena.allocate(8, 4);
      Kernel.check(kernel.raw(Call.PIPE2, ends.address(), Kernel.O_CLOEXEC), Call.PIPE2, "a pipe");
      Fd source = new Fd(kernel, ends.get(Layouts.INT, 0));
      Fd sink = new Fd(kernel, ends.get(Layouts.INT, 4));
      try {
        Kernel.check(
            kernel.raw(Call.FCNTL, source.number(), F_SETFL, Kernel.O_NONBLOCK),
            Call.FCNTL,
            "a pipe");
      } catch (LinuxException refused) {
        source.close();
        sink.close();
        throw refused;
      }
      return new Pipe(source, sink);
    }
  }
}
