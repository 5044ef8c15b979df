package com.paiml.duende.ublk;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.ublk.control.Control;
import com.paiml.duende.ublk.guard.SwapGuard;
import com.paiml.duende.ublk.ring.Syscalls;
import com.paiml.duende.ublk.serve.BlockServer;
import com.paiml.duende.ublk.serve.DeviceSpec;
import com.paiml.duende.ublk.serve.Orphans;
import com.paiml.duende.ublk.serve.Reader;
import com.paiml.duende.ublk.targets.Backing;
import com.paiml.duende.ublk.targets.MemoryTarget;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What a daemon that stands by does first: it serves a small disk of its own, leaves it, takes it over again, and deletes it. So
 * all that it will need is loaded when it is needed.
 */
final class Rehearsal {
  private static final Duration MOST = Duration.ofSeconds(30);
  private static final long BYTES = 1 << 20;
  private static final int READS = 200;

  private Rehearsal() {}

  static void run(Linux linux, Syscalls calls, Control control, Path shared)
      throws DaemonException, InterruptedException, LinuxException {
    calls.link();
    SwapGuard guard = new SwapGuard(linux, calls); // of its own: its threads end with it
    Path memory = shared.resolve("duende-ublk-rehearsal-" + ProcessHandle.current().pid());
    Backing backing = MemoryTarget.open(calls, memory, BYTES);
    try {
      BlockServer first =
          BlockServer.add(
              calls,
              control,
              new DeviceSpec(
                  -1,
                  1,
                  8,
                  4096,
                  DeviceSpec.Survival.REISSUE,
                  false,
                  DeviceSpec.Copy.KERNEL,
                  false),
              backing,
              Orphans.markOfThisProcess(linux),
              guard.flusher(),
              device -> {});
      int id = first.device().id();
      try {
        first.leave(MOST);
        BlockServer second = BlockServer.recover(calls, control, id, backing, guard.flusher());
        Reader reader = new Reader(calls);
        for (int i = 0; i < READS; i++) {
          int _ = reader.read(second.device().blockPath(), MOST);
        }
        second.stop(MOST);
      } finally {
        control.deleteLater(id);
      }
    } finally {
      backing.discard();
    }
  }
}
