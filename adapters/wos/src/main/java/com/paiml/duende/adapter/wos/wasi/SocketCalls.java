package com.paiml.duende.adapter.wos.wasi;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.abi.Fault;
import com.paiml.duende.adapter.wos.kernel.Guest;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import java.util.List;

/** Preview 1 cannot make a socket, and none is handed to a process here: no descriptor is one. */
final class SocketCalls {

  private SocketCalls() {}

  static List<Call> all() {
    return List.of(
        Call.of("sock_accept", "iii", SocketCalls::none),
        Call.of("sock_recv", "iiiiii", SocketCalls::none),
        Call.of("sock_send", "iiiii", SocketCalls::none),
        Call.of("sock_shutdown", "ii", SocketCalls::none));
  }

  private static void none(WasmProcess process, Guest guest, long[] a) throws Fault {
    int found = process.descriptors().get((int) a[0]).file().flags();
    throw new Fault(found < 0 ? Errno.BADF : Errno.NOTSOCK);
  }
}
