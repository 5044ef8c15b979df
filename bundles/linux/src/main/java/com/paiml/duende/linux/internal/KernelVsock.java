package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.event.VsockConnection;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** vsock(7): SOCK_STREAM of AF_VSOCK; struct sockaddr_vm of linux/vm_sockets.h. */
final class KernelVsock implements VsockConnection {
  private final Kernel kernel;
  private final Fd fd;
  private final String what;

  private KernelVsock(Kernel kernel, Fd fd, String what) {
    this.kernel = kernel;
    this.fd = fd;
    this.what = what;
  }

  static KernelVsock connect(Kernel kernel, long cid, int port) throws LinuxException {
    String what = "vsock " + cid + ":" + port;
    int flags = Layouts.SOCK_STREAM | Layouts.SOCK_CLOEXEC | Layouts.SOCK_NONBLOCK;
    long made = kernel.raw(Call.SOCKET, Layouts.AF_VSOCK, flags, 0);
    Fd fd = new Fd(kernel, (int) Kernel.check(made, Call.SOCKET, what));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(Layouts.SOCKADDR_VM_SIZE, 8);
      address.set(Layouts.SHORT, 0, (short) Layouts.AF_VSOCK);
      address.set(Layouts.INT, Layouts.SOCKADDR_VM_PORT, port);
      address.set(Layouts.INT, Layouts.SOCKADDR_VM_CID, (int) cid);
      long begun =
          kernel.raw(Call.CONNECT, fd.number(), address.address(), Layouts.SOCKADDR_VM_SIZE);
      if (!Kernel.isErrno(begun, Errno.EINPROGRESS)) {
        Kernel.check(begun, Call.CONNECT, what);
      }
      return new KernelVsock(kernel, fd, what);
    } catch (LinuxException refused) {
      fd.close();
      throw refused;
    }
  }

  @Override
  public Descriptor descriptor() {
    return fd;
  }

  @Override
  public void finish() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = arena.allocate(4, 4);
      MemorySegment length = arena.allocate(4, 4);
      length.set(Layouts.INT, 0, 4);
      long got =
          fd.use(
              n ->
                  kernel.raw(
                      Call.GETSOCKOPT,
                      n,
                      Layouts.SOL_SOCKET,
                      Layouts.SO_ERROR,
                      error.address(),
                      length.address()));
      Kernel.check(got, Call.GETSOCKOPT, "SO_ERROR of " + what);
      Kernel.check(-(long) error.get(Layouts.INT, 0), Call.CONNECT, what);
    }
  }

  @Override
  public void close() {
    fd.close();
  }
}
